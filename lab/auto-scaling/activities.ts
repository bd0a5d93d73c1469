/** One change of a group's instances, as DescribeScalingActivities tells it. */
export interface Activity {
  readonly id: string
  /** Grows by one with each activity. */
  readonly sequence: number
  readonly groupName: string
  description: string
  readonly cause: string
  readonly startMs: number
  endMs: number | undefined
  status: 'InProgress' | 'Successful' | 'Failed' | 'Cancelled'
  message: string | undefined
  readonly place: { readonly zone: string; readonly subnetId: string }
}

/** A launch that fails again and again must not fill the memory; AWS keeps six weeks. */
const MAX_KEPT = 1000

/** A group's activities, oldest first. */
export class ActivityLog {
  readonly #groupName: string
  readonly #now: () => number
  readonly #newId: () => string
  readonly #activities: Activity[] = []
  #sequence = 0

  constructor(groupName: string, now: () => number, newId: () => string) {
    this.#groupName = groupName
    this.#now = now
    this.#newId = newId
  }

  get all(): readonly Activity[] {
    return this.#activities
  }

  begin(what: Pick<Activity, 'description' | 'cause' | 'place'>): Activity {
    const activity: Activity = {
      ...what,
      id: this.#newId(),
      sequence: (this.#sequence += 1),
      groupName: this.#groupName,
      startMs: this.#now(),
      endMs: undefined,
      status: 'InProgress',
      message: undefined,
    }
    this.#activities.push(activity)
    if (this.#activities.length > MAX_KEPT) this.#activities.shift()
    return activity
  }

  succeed(activity: Activity | undefined): void {
    if (activity === undefined) return
    activity.status = 'Successful'
    activity.endMs = this.#now()
  }

  /** `message` says why, in EC2's words. */
  fail(activity: Activity, status: 'Failed' | 'Cancelled', message: string): void {
    activity.description += `.  Status Reason: ${message}`
    activity.message = message
    activity.status = status
    activity.endMs = this.#now()
  }
}

/** `At 2026-01-02T03:04:05Z`: how every sentence of a cause begins. */
export const at = (ms: number): string => `At ${new Date(ms).toISOString().slice(0, 19)}Z`
