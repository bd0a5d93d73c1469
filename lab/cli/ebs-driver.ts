import { constants } from 'node:fs'
import { realpath, stat } from 'node:fs/promises'
import { LabRefusal } from '../std/lab-error.ts'

/**
 * The upstream driver that ZONEFALL_EBS_DRIVER names, as an absolute path without links; undefined
 * when it names none and the lab's own is to be used.
 * @throws LabRefusal when it can't be run: the controller's container is no root.
 */
export async function ebsDriver(env: NodeJS.ProcessEnv = process.env): Promise<string | undefined> {
  const named = env['ZONEFALL_EBS_DRIVER']
  if (named === undefined || named === '') return undefined
  const refuse = (why: string, cause?: unknown) =>
    new LabRefusal(`ZONEFALL_EBS_DRIVER names ${named}, ${why}`, {
      hint: "Name an aws-ebs-csi-driver binary, or unset the variable to use the lab's own driver.",
      cause,
    })
  const path = await realpath(named).catch((error: unknown) => {
    throw refuse('and there is no such file', error)
  })
  const { mode } = await stat(path)
  if ((mode & constants.S_IFMT) !== constants.S_IFREG) throw refuse('which is no file')
  if ((mode & constants.S_IXOTH) === 0) throw refuse('which not everybody may execute')
  return path
}
