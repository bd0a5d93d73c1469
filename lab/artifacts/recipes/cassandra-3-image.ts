import { mkdir, readdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'

import { REPOSITORY } from '../cache-key.ts'
import { IMAGES } from '../image-names.ts'
import { OciLayout } from '../oci-layout.ts'
import type { BuildContext, Recipe } from '../recipe.ts'
import { IMAGE_CONTENTS } from '../versions.ts'
import {
  asInLayer,
  CASSANDRA_SOURCES,
  CASSANDRA_TOOLS,
  classPath,
  copySetpriv,
  placeFiles,
} from './cassandra-parts.ts'
import { debianBase, NOT_PACKED } from './debian-base.ts'
import { unpack } from './debian-packages.ts'
import { fetchJars } from './maven.ts'
import { runInside } from './run-inside.ts'

const JRE = 'usr/lib/jvm/java-8-openjdk-amd64/jre'

/** What of the packages' files a Cassandra without a screen has no use for. */
const NOT_IN_JAVA = [
  ...NOT_PACKED,
  `${JRE}/man`,
  `${JRE}/lib/images`,
  `${JRE}/lib/amd64/libawt*`,
  `${JRE}/lib/amd64/libmlib_image.so`,
  `${JRE}/lib/amd64/libhprof.so`,
  `${JRE}/lib/amd64/libjdwp.so`,
]

/** The image's layers, lowest first; `base` and `python` are those of newer Cassandras too. */
export const CASSANDRA_3_LAYERS = ['base', 'java', 'jars', 'python', 'scripts'] as const

/**
 * Cassandra 3.11 on a Java 8, as the google-samples image has it, in five layers: Debian, Java,
 * Cassandra's jars, Python with cqlsh, and the lab's scripts.
 */
export const cassandra3Image: Recipe = {
  name: 'cassandra-3.11-image',
  purpose: 'Cassandra 3.11 image',
  dependsOn: ['debian-packages'],
  sources: [
    'lab/artifacts/recipes/cassandra-3-image.ts',
    'lab/artifacts/images/cassandra-3.11',
    ...CASSANDRA_SOURCES,
  ],
  parameters: IMAGE_CONTENTS,
  tools: { ...CASSANDRA_TOOLS, pip3: 'Debian package python3-pip' },
  async build(context: BuildContext): Promise<void> {
    const folder = (name: string): string => join(context.scratchDir, name)
    context.step('fetching jars and cqlsh')
    const jars = folder('jars/opt/cassandra/lib')
    await fetchJars(context, 'cassandra-3.11', jars)
    await fetchCqlsh(context, folder('python/opt/cqlsh'))
    context.step('unpacking packages')
    await debianBase(context, folder('base'))
    await java(context, folder('base'), folder('java'))
    await unpack(context, 'python', folder('python'))
    await compilePython(context, folder('base'), folder('python'))
    await placeFiles(folder('python'), { 'cassandra/cqlsh': 'usr/local/bin/cqlsh' })
    await mkdir(folder('scripts/cassandra_data'), { recursive: true })
    await placeFiles(folder('scripts'), {
      'cassandra-3.11/run.sh': 'run.sh',
      'cassandra-3.11/ready-probe.sh': 'ready-probe.sh',
      'cassandra-3.11/nodetool': 'usr/local/bin/nodetool',
      'cassandra-3.11/sstableloader': 'usr/local/bin/sstableloader',
      'cassandra-3.11/sstableloader.yaml': 'opt/cassandra/sstableloader.yaml',
      'cassandra/logback.xml': 'opt/cassandra/logback.xml',
      'cassandra/logback-tools.xml': 'opt/cassandra/logback-tools.xml',
    })
    context.step('packing the image')
    const layout = await OciLayout.create(context)
    const left = { base: NOT_PACKED, java: NOT_IN_JAVA, jars: [], python: NOT_PACKED, scripts: [] }
    const layers = []
    for (const name of CASSANDRA_3_LAYERS) {
      layers.push(await layout.addLayer(folder(name), left[name]))
    }
    const image = IMAGES['cassandra-3.11']
    const config = {
      Entrypoint: ['/run.sh'],
      Env: [
        `JAVA_HOME=/${JRE}`,
        `CASSANDRA_CLASSPATH=${classPath(await readdir(jars))}`,
        // Python would otherwise look for time zones and locales that aren't there.
        'LANG=C.UTF-8',
      ],
    }
    await layout.addImage(image.names, layers, config, image.standsBehind)
    await layout.finish()
  },
}

/** pip fetches cqlsh, checked against requirements.txt; the Cassandra driver comes from Debian. */
async function fetchCqlsh(context: BuildContext, target: string): Promise<void> {
  const requirements = join(REPOSITORY, 'lab/artifacts/images/cassandra/requirements.txt')
  const options = ['--no-deps', '--no-compile', '--require-hashes', '--target', target]
  await context.run(['pip3', 'install', ...options, '--requirement', requirements])
}

/** Java, its archive of loaded classes, and setpriv. */
async function java(context: BuildContext, base: string, target: string): Promise<void> {
  await unpack(context, 'java', target, { only: ['openjdk-8-jre-headless'] })
  await copySetpriv(context, target)
  await symlink(`/${JRE}/bin/java`, join(target, 'usr/bin/java'))
  await asInLayer(context, join(target, JRE))
  context.step('making the archive of Java classes')
  const dump = [`/${JRE}/bin/java`, '-XX:+UseSerialGC', '-Xshare:dump']
  await runInside(context, dump, { layers: [target, base], upper: target })
}

/** Bytecode that holds whatever its source's time is: a container could not keep any it makes. */
async function compilePython(context: BuildContext, base: string, target: string): Promise<void> {
  context.step('compiling Python')
  const folders = ['/usr/lib/python3', '/usr/lib/python3.14', '/opt/cqlsh']
  const options = ['-q', '-j', '1', '--invalidation-mode', 'unchecked-hash']
  const command = ['/usr/bin/python3.14', '-m', 'compileall', ...options, ...folders]
  await runInside(context, command, { layers: [target, base], upper: target })
}
