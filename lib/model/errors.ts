/** Every error that zonefall raises itself: a sentence, a cause, and what a person can do about it. */
export abstract class ZonefallError extends Error {
  /** What to do about it, as a sentence or a command to paste. */
  readonly hint: string | undefined
  /** What was seen, as plain data: it goes into reports. */
  readonly evidence: Readonly<Record<string, unknown>> | undefined

  constructor(
    message: string,
    options: {
      cause?: unknown
      hint?: string
      evidence?: Readonly<Record<string, unknown>>
    } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = new.target.name
    this.hint = options.hint
    this.evidence = options.evidence
  }
}

/** The claim under test does not hold: the scenario's verdict is `fail`. */
export abstract class ClaimError extends ZonefallError {}
/** Rows that were acknowledged are missing or differ. */
export class DataLossError extends ClaimError {}
/** A pod, volume or replica is where it must not be, or isn't where it must be. */
export class PlacementError extends ClaimError {}
/** The scheduler did something else than the claim says: bound too early, other reasons, never. */
export class SchedulingError extends ClaimError {}
/** Name, claim, volume, host id or address of a pod is not what the claim says. */
export class IdentityError extends ClaimError {}
/** The database served, or refused, what the claim says it would not. */
export class AvailabilityError extends ClaimError {}
/** Something is left that should be gone, or gone that should be left. */
export class LeftoverError extends ClaimError {}

/** No verdict is possible: steady state not reached, a fault not observed, an answer not understood. */
export class InconclusiveError extends ZonefallError {}
/** Refused before anything was touched: usage, preflight, interlock. Exit code 3. */
export class PreflightError extends ZonefallError {}
/** The lab itself is broken; the message names the log. */
export class LabError extends ZonefallError {}
/** Something could not be undone. Exit code 4. */
export class CleanupError extends ZonefallError {}
