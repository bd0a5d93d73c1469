import { chmod, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { blobPath, readLayers, readLayout } from '../oci-layout.ts'
import type { BuildContext, Recipe } from '../recipe.ts'
import { CASSANDRA_3_LAYERS } from './cassandra-3-image.ts'
import { classPath } from './cassandra-parts.ts'

const JRE = '/usr/lib/jvm/java-8-openjdk-amd64/jre'
/** Of a machine's own root file system there is a Debian already. */
const LAYERS = CASSANDRA_3_LAYERS.filter((name) => name !== 'base')
const HOME = 'opt/cassandra/bin'

/**
 * What a machine on which Cassandra 3.11 is installed has beside a node's root file system: the
 * layers of the lab's image, laid over `node-rootfs`, with commands that find their settings.
 */
export const cassandraRootfs: Recipe = {
  name: 'cassandra-rootfs',
  purpose: 'Cassandra 3.11 installed on a machine',
  dependsOn: ['cassandra-3.11-image'],
  sources: ['lab/artifacts/recipes/cassandra-rootfs.ts'],
  parameters: {},
  tools: { tar: 'Debian package tar' },
  async build(context: BuildContext): Promise<void> {
    const image = context.input('cassandra-3.11-image')
    const [first] = await readLayout(image)
    const layers = first === undefined ? [] : await readLayers(image, first)
    for (const name of LAYERS) {
      const layer = layers[CASSANDRA_3_LAYERS.indexOf(name)]
      if (layer === undefined) throw new Error(`The image in ${image} has no layer ${name}.`)
      const file = `--file=${blobPath(image, layer)}`
      await context.run(['tar', '--extract', file, `--directory=${context.outDir}`])
    }
    await chmod(context.outDir, 0o755)
    await rm(join(context.outDir, 'ready-probe.sh'))
    await mkdir(join(context.outDir, HOME), { recursive: true })
    await rename(join(context.outDir, 'run.sh'), join(context.outDir, HOME, 'cassandra'))
    const settings = [
      `export JAVA_HOME=${JRE} LANG=C.UTF-8`,
      `export CASSANDRA_CLASSPATH=${classPath(await readdir(join(context.outDir, 'opt/cassandra/lib')))}`,
    ]
    const profile = 'etc/profile.d/cassandra.sh'
    await mkdir(join(context.outDir, 'etc/profile.d'), { recursive: true })
    await writeFile(join(context.outDir, profile), `${settings.join('\n')}\n`)
    // Whoever comes by ssh to run one command reads no profile.
    for (const name of ['nodetool', 'sstableloader', 'cqlsh']) {
      const command = join(context.outDir, 'usr/local/bin', name)
      await rename(command, join(context.outDir, HOME, name))
      await writeFile(command, `#!/bin/bash\n. /${profile}\nexec /${HOME}/${name} "$@"\n`)
      await chmod(command, 0o755)
    }
  },
}
