import { ApiError } from './api-error.ts'

/** A token bucket, as EC2 has one for each account and group of actions; the lab has one in all. */
export interface RequestLimitOptions {
  readonly burst: number
  readonly perSecond: number
}

/** A check that throws RequestLimitExceeded (503) when there were too many requests of late. */
export function createRequestLimit(
  options: RequestLimitOptions | undefined,
  now: () => number,
): () => void {
  if (options === undefined) return () => {}
  const { burst, perSecond } = options
  let left = burst
  let atMs = now()
  return () => {
    const nowMs = now()
    left = Math.min(burst, left + ((nowMs - atMs) / 1000) * perSecond)
    atMs = nowMs
    if (left < 1) throw new ApiError('RequestLimitExceeded', 'Request limit exceeded.', 503)
    left -= 1
  }
}
