/** What stands in the place of a secret. */
const REDACTED = '[redacted]'

/**
 * Names of fields whose values are secrets. `token` alone is not among them: Cassandra's tokens
 * are evidence.
 */
const SECRET_FIELD =
  /^(password|passwd|passphrase|secret|authorization|credentials?|(client-?|private-?)key(-?data)?)$|secret-?access-?key|access-?key-?id|(session|bearer|id|refresh)-?token/i

/** A copy of plain data with the values of secret fields hidden, and known secrets in any text. */
export function redactData<T>(data: T, secrets: readonly string[] = []): T {
  // A copy of the same form: only texts differ.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return redactValue(data, undefined, secrets) as T
}

/** A text with each known secret hidden; ones shorter than 6 characters would hide ordinary words. */
export function redactText(text: string, secrets: readonly string[]): string {
  return secrets
    .filter((secret) => secret.length >= 6)
    .reduce((result, secret) => result.replaceAll(secret, REDACTED), text)
}

function redactValue(
  value: unknown,
  field: string | undefined,
  secrets: readonly string[],
): unknown {
  if (typeof value === 'string') {
    return field !== undefined && SECRET_FIELD.test(field) ? REDACTED : redactText(value, secrets)
  }
  if (Array.isArray(value)) return value.map((item) => redactValue(item, field, secrets))
  if (value !== null && typeof value === 'object') {
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => [name, redactValue(item, name, secrets)]),
    )
  }
  return value
}
