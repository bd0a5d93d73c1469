/** Whether a text is as a pattern of IAM's says: `*` stands for any text, `?` for one character. */
export function matches(pattern: string, text: string, ignoreCase = false): boolean {
  const source = pattern.replaceAll(/[\\^$.|+()[\]{}]/g, String.raw`\$&`)
  const expression = source.replaceAll('*', '[^]*').replaceAll('?', '[^]')
  return new RegExp(`^${expression}$`, ignoreCase ? 'iu' : 'u').test(text)
}

const ARN_PARTS = 6

/**
 * Whether an ARN is as a pattern says. A `*` doesn't reach from one part of an ARN into the next,
 * but for the last one. Source: IAM user guide, "Identifiers for AWS resources" and "Resource".
 */
export function matchesArn(pattern: string, arn: string): boolean {
  if (pattern === '*') return true
  const wanted = partsOf(pattern)
  const parts = partsOf(arn)
  return (
    wanted.length === ARN_PARTS &&
    parts.length === ARN_PARTS &&
    wanted.every((part, index) => matches(part, parts[index] ?? ''))
  )
}

function partsOf(arn: string): readonly string[] {
  const all = arn.split(':')
  const last = all.slice(ARN_PARTS - 1)
  return last.length === 0 ? all : [...all.slice(0, ARN_PARTS - 1), last.join(':')]
}
