/** One line on standard error, with the time, as the other components of a cluster log. */
export function log(text: string): void {
  process.stderr.write(`${new Date().toISOString()} ${text}\n`)
}
