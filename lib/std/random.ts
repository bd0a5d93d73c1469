import { createHash } from 'node:crypto'

/** Randomness that a seed repeats. */
export interface Random {
  /** In [0, 1). */
  next(): number
  /** A whole number in [0, limit). */
  int(limit: number): number
  /** One of the items; throws on none. */
  pick<T>(items: readonly T[]): T
  /** A copy in another order. */
  shuffle<T>(items: readonly T[]): T[]
  /** A generator of its own: what it draws does not depend on what this one drew. */
  fork(name: string): Random
}

/** A generator for a seed (sfc32, 128 bits of state, from the seed's SHA-256). */
export function seededRandom(seed: string): Random {
  const digest = createHash('sha256').update(seed).digest()
  let a = digest.readUInt32LE(0)
  let b = digest.readUInt32LE(4)
  let c = digest.readUInt32LE(8)
  let d = digest.readUInt32LE(12)
  const next = (): number => {
    const t = (((a + b) | 0) + d) | 0
    d = (d + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (c << 21) | (c >>> 11)
    c = (c + t) | 0
    return (t >>> 0) / 2 ** 32
  }
  const int = (limit: number): number => Math.floor(next() * limit)
  return {
    next,
    int,
    pick: (items) => {
      for (const item of items.slice(int(items.length))) return item
      throw new RangeError('pick() needs at least one item')
    },
    shuffle: (items) =>
      items
        .map((item) => ({ item, rank: next() }))
        .toSorted((a, b) => a.rank - b.rank)
        .map(({ item }) => item),
    fork: (name) => seededRandom(`${seed}/${name}`),
  }
}
