const LETTERS = 'abcdefghijklmnopqrstuvwxyz'.split('')
/** /dev/xvdaa … /dev/xvddx in upstream's order; EC2 takes names up to there. */
const NAMES = ['a', 'b', 'c', 'd']
  .flatMap((first) => LETTERS.map((second) => `/dev/xvd${first}${second}`))
  .filter((name) => name <= '/dev/xvddx')

/**
 * Hands out device names per instance. A name is taken while EC2 lists it, and from being handed
 * out until it is given back, because EC2 doesn't list a name before its AttachVolume is answered.
 */
export class DeviceNames {
  readonly #inFlight = new Map<string, Set<string>>()
  /** Names that EC2 called in use although it doesn't list them; tried last. */
  readonly #doubtful = new Map<string, Set<string>>()

  /** The first free name, or undefined when all are taken. Give it back with `release`. */
  reserve(instanceId: string, listed: ReadonlySet<string>): string | undefined {
    const inFlight = setOf(this.#inFlight, instanceId)
    const doubtful = setOf(this.#doubtful, instanceId)
    const free = NAMES.filter((name) => !listed.has(name) && !inFlight.has(name))
    const name = free.find((each) => !doubtful.has(each)) ?? free[0]
    if (name !== undefined) inFlight.add(name)
    return name
  }

  release(instanceId: string, name: string): void {
    const names = this.#inFlight.get(instanceId)
    names?.delete(name)
    if (names?.size === 0) this.#inFlight.delete(instanceId)
  }

  doubt(instanceId: string, name: string): void {
    setOf(this.#doubtful, instanceId).add(name)
  }
}

function setOf(map: Map<string, Set<string>>, key: string): Set<string> {
  const found = map.get(key) ?? new Set()
  map.set(key, found)
  return found
}
