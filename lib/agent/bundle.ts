import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { rolldown } from 'rolldown'

/** What the data of a ConfigMap may weigh. */
const MAX_BYTES = 1024 * 1024

let made: Promise<Buffer> | undefined

/**
 * The agent as one ES module with everything it needs but Node itself, gzipped. Made once in a
 * process.
 *
 * @throws Error when a module doesn't resolve, or it doesn't fit into a ConfigMap
 */
export function bundleAgent(): Promise<Buffer> {
  made ??= make()
  return made
}

async function make(): Promise<Buffer> {
  const bundle = await rolldown({
    input: join(import.meta.dirname, 'main.ts'),
    platform: 'node',
    // What the driver takes along only if it is there: its users' own logins.
    external: ['kerberos'],
    logLevel: 'warn',
  })
  try {
    const { output } = await bundle.generate({
      format: 'esm',
      minify: true,
      codeSplitting: false,
      comments: false,
    })
    const [entry] = output
    const packed = await promisify(gzip)(entry.code, { level: 9 })
    if (packed.length > MAX_BYTES) {
      throw new Error(`The agent's bundle has ${packed.length} bytes, more than a ConfigMap holds.`)
    }
    return packed
  } finally {
    await bundle.close()
  }
}
