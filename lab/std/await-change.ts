/**
 * Looks now and at every change, until `look` is content.
 *
 * @throws what `look` throws; an Error with what `late` says after `timeoutMs`
 */
export async function awaitChange(options: {
  /** Has every change told to the listener, until the returned function is called. */
  readonly subscribe: (listener: () => void) => () => void
  readonly look: () => boolean
  readonly timeoutMs: number
  readonly late: () => string
}): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const look = (): void => {
    try {
      if (options.look()) resolve()
    } catch (error) {
      reject(error)
    }
  }
  const unsubscribe = options.subscribe(look)
  const timer = setTimeout(() => reject(new Error(options.late())), options.timeoutMs)
  try {
    look()
    await promise
  } finally {
    clearTimeout(timer)
    unsubscribe()
  }
}
