/** A part of bringing a database's rows somewhere else. */
export interface TransferStage {
  /** What was done: `copy over HTTPS`. */
  readonly what: string
  readonly ms: number
  /** Whether it takes longer the more there is; else it takes as long for any size. */
  readonly grows: boolean
}

/** One way to bring rows somewhere else, as it was measured for a sample of them. */
export interface Transfer {
  /** `sstableloader over the network` */
  readonly name: string
  /** Of the sample, as it lies on one machine. */
  readonly bytes: number
  readonly stages: readonly TransferStage[]
}

/** How long all of it took, milliseconds. */
export function transferMs({ stages }: Pick<Transfer, 'stages'>): number {
  return stages.reduce((sum, { ms }) => sum + ms, 0)
}

/**
 * Bytes a second, over the stages that take longer for more bytes: of a small sample what is done
 * once would count as if it were done for each byte. Undefined where there are no such stages.
 */
export function transferRate({ bytes, stages }: Transfer): number | undefined {
  const growingMs = transferMs({ stages: stages.filter(({ grows }) => grows) })
  return growingMs > 0 ? (bytes / growingMs) * 1000 : undefined
}

/** How long it would take for so many bytes at the rate of the sample, milliseconds. */
export function extrapolatedMs(transfer: Transfer, bytes: number): number {
  const fixedMs = transferMs({ stages: transfer.stages.filter(({ grows }) => !grows) })
  const rate = transferRate(transfer)
  return fixedMs + (rate === undefined ? 0 : (bytes / rate) * 1000)
}
