import { GIVEN_TAG } from '../aws/copies.ts'
import type { Ec2 } from '../aws/ec2.ts'
import { awsTags, tagOf } from '../aws/tags.ts'
import { poll } from '../std/poll.ts'

/**
 * Marks copies as given to a StatefulSet, whose pods will write to them, and waits until EC2 shows it.
 * Those that are marked already are not marked again.
 *
 * @param to the mark, as `markOf` has it
 */
export async function markGiven(ec2: Ec2, volumeIds: readonly string[], to: string): Promise<void> {
  const { client, sdk } = ec2
  const unmarked = async (): Promise<string[]> => {
    const found = await ec2.listVolumes(volumeIds)
    const marked = found.filter((one) => tagOf(one, GIVEN_TAG) === to)
    const ids = new Set(marked.map(({ VolumeId }) => VolumeId))
    return volumeIds.filter((id) => !ids.has(id))
  }
  const Resources = await unmarked()
  if (Resources.length === 0) return
  const Tags = awsTags({ [GIVEN_TAG]: to })
  await client.send(new sdk.CreateTagsCommand({ Resources, Tags }))
  await poll(
    { what: `${Resources.join(', ')} to be marked`, budget: 'ec2Settles', intervalMs: 500 },
    async () => {
      const left = await unmarked()
      return left.length === 0 ? { done: true, value: true } : { done: false, seen: left }
    },
  )
}
