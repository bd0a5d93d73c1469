const SUFFIXES: Readonly<Record<string, number>> = {
  '': 1,
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
}

/** A quantity as a number: `500m` is 0.5, `1Gi` is 1073741824. What has another form is 0. */
export function quantityOf(quantity: string): number {
  const [, digits = '0', suffix = ''] =
    /^([\d.]+(?:[eE][+-]?\d+)?)([a-zA-Z]*)$/.exec(quantity) ?? []
  return Number(digits) * (SUFFIXES[suffix] ?? 0)
}
