import type { Tag } from '@aws-sdk/client-ec2'

/** Tag by which what a fault made is found again, whether or not the answer came. */
export const TOKEN_TAG = 'zonefall.io/token'

/** The EBS CSI driver gives volumes the namespace of their claim in this tag. */
export const CLAIM_NAMESPACE_TAG = 'kubernetes.io/created-for/pvc/namespace'

interface Tagged {
  readonly Tags?: readonly Tag[] | undefined
}

/** The value of one tag. */
export function tagOf({ Tags = [] }: Tagged, key: string): string | undefined {
  return Tags.find((tag) => tag.Key === key)?.Value
}

/** Tags by their keys. */
export function tagsOf({ Tags = [] }: Tagged): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Tags.flatMap(({ Key, Value = '' }) => (Key === undefined ? [] : [[Key, Value]])),
  )
}

/** Tags as EC2 takes them. */
export function awsTags(tags: Readonly<Record<string, string>>): Tag[] {
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }))
}
