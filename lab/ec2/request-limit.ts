/** A token bucket, as EC2 has one for each account and group of actions; the lab has one in all. */
export interface RequestLimitOptions {
  readonly burst: number
  readonly perSecond: number
}

/** A question to be asked once for each request: may it pass, or were there too many of late? */
export function createRequestLimit(
  options: RequestLimitOptions | undefined,
  now: () => number,
): () => boolean {
  if (options === undefined) return () => true
  const { burst, perSecond } = options
  let left = burst
  let atMs = now()
  return () => {
    const nowMs = now()
    left = Math.min(burst, left + ((nowMs - atMs) / 1000) * perSecond)
    atMs = nowMs
    if (left < 1) return false
    left -= 1
    return true
  }
}
