import type { Tag } from '@aws-sdk/client-ec2'

/** Tag by which what a fault made is found again, whether or not the answer came. */
export const TOKEN_TAG = 'zonefall.io/token'

/** Tags as EC2 takes them. */
export function awsTags(tags: Readonly<Record<string, string>>): Tag[] {
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }))
}
