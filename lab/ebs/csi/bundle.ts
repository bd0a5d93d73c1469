import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { rolldown } from 'rolldown'
import { type ProtoDirs, readDescriptors } from './rpc/descriptors.ts'

const ENTRY = 'csi-driver-entry'

/**
 * Bundles the driver with everything it needs but Node itself into one minified ES module, which
 * runs as `node OUTFILE controller|node|registrar …` on Node 24 or later.
 *
 * @throws Error when a .proto file isn't found or a module doesn't resolve.
 */
export async function bundleCsiDriver(outFile: string, protoDirs: ProtoDirs): Promise<void> {
  const descriptors = await readDescriptors(protoDirs)
  const main = join(import.meta.dirname, 'main.ts')
  const bundle = await rolldown({
    input: ENTRY,
    platform: 'node',
    // The SDK's CommonJS build is one file with all of EC2's 700 actions; its ES modules shake down.
    resolve: { mainFields: ['module', 'main'] },
    logLevel: 'warn',
    plugins: [
      {
        name: 'csi-driver-entry',
        resolveId: (id) => (id === ENTRY ? id : undefined),
        load: (id) =>
          id === ENTRY
            ? `import { main } from ${JSON.stringify(main)}
               const descriptors = JSON.parse(${JSON.stringify(JSON.stringify(descriptors))})
               await main(descriptors, process.argv.slice(2))`
            : undefined,
      },
    ],
  })
  try {
    await mkdir(dirname(outFile), { recursive: true })
    await bundle.write({
      file: outFile,
      format: 'esm',
      minify: true,
      codeSplitting: false,
      comments: false,
    })
  } finally {
    await bundle.close()
  }
}
