import { appendFile, chmod, cp, mkdir, readdir, rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'

import { ArtifactError } from '../artifact-error.ts'
import { IMAGES } from '../image-names.ts'
import { blobPath, OciLayout, readLayers, readLayout } from '../oci-layout.ts'
import type { BuildContext, Recipe } from '../recipe.ts'
import { IMAGE_CONTENTS } from '../versions.ts'
import { CASSANDRA_3_LAYERS } from './cassandra-3-image.ts'
import {
  asInLayer,
  CASSANDRA_SOURCES,
  CASSANDRA_TOOLS,
  classPath,
  copySetpriv,
  placeFiles,
} from './cassandra-parts.ts'
import { NOT_PACKED } from './debian-base.ts'
import { unpack } from './debian-packages.ts'
import { fetchJars } from './maven.ts'
import { runInside } from './run-inside.ts'

const JRE = 'usr/lib/jvm/java-17-openjdk-amd64'
/** The account of Docker's official image. */
const ACCOUNT = 'cassandra:x:999:999::/var/lib/cassandra:/usr/sbin/nologin'
const TRAINING_TIMEOUT_MS = 3 * 60_000

/** What of the packages' files a Cassandra without a screen or a compiler has no use for. */
const NOT_IN_JAVA = [
  ...NOT_PACKED,
  `${JRE}/man`,
  `${JRE}/legal`,
  `${JRE}/lib/ct.sym`,
  `${JRE}/lib/libawt*`,
  `${JRE}/lib/libmlib_image.so`,
  `${JRE}/lib/libjdwp.so`,
  `${JRE}/lib/server/classes_nocoops.jsa`,
]

/** Netty's native parts for other machines than the lab's. */
const FOREIGN = [
  'linux-aarch_64',
  'linux-riscv64',
  'osx-aarch_64',
  'osx-x86_64',
  'windows-x86_64',
] as const

/**
 * Cassandra 5.0 on a Java 17, with the contract of Docker's official image, in six layers: Debian
 * and Python with cqlsh as in the image of 3.11, Java, Cassandra's jars, the lab's scripts, and
 * archives of the classes that the server and nodetool load.
 */
export const cassandra5Image: Recipe = {
  name: 'cassandra-5.0-image',
  purpose: 'Cassandra 5.0 image',
  dependsOn: ['debian-packages', 'cassandra-3.11-image'],
  sources: [
    'lab/artifacts/recipes/cassandra-5-image.ts',
    'lab/artifacts/images/cassandra-5.0',
    ...CASSANDRA_SOURCES,
  ],
  parameters: IMAGE_CONTENTS,
  tools: CASSANDRA_TOOLS,
  async build(context: BuildContext): Promise<void> {
    const folder = (name: string): string => join(context.scratchDir, name)
    context.step('fetching jars')
    const jars = folder('jars/opt/cassandra/lib')
    await fetchJars(context, 'cassandra-5.0', jars, FOREIGN)
    await asInLayer(context, jars)
    context.step('unpacking packages')
    const shared = await layersOfCassandra3(context)
    for (const name of ['base', 'python'] as const) {
      await mkdir(folder(name))
      await context.run([
        'tar',
        '--extract',
        `--file=${shared[name].path}`,
        `--directory=${folder(name)}`,
      ])
    }
    await java(context, folder('base'), folder('java'))
    await scripts(folder('base'), folder('scripts'))
    const env = {
      JAVA_HOME: `/${JRE}`,
      CASSANDRA_HOME: '/opt/cassandra',
      CASSANDRA_CONF: '/etc/cassandra',
      CASSANDRA_VERSION: IMAGE_CONTENTS.cassandra5.version,
      CASSANDRA_CLASSPATH: classPath(await readdir(jars)),
      // Python would otherwise look for time zones and locales that aren't there.
      LANG: 'C.UTF-8',
    }
    context.step('packing the image')
    const layout = await OciLayout.create(context)
    const layers = [
      await layout.shareLayer(context.input('cassandra-3.11-image'), shared.base.layer),
      await layout.shareLayer(context.input('cassandra-3.11-image'), shared.python.layer),
      await layout.addLayer(folder('java'), NOT_IN_JAVA),
      await layout.addLayer(folder('jars')),
      await layout.addLayer(folder('scripts')),
    ]
    context.step('making archives of the classes that Cassandra loads')
    const trained = ['scripts', 'jars', 'java', 'python', 'base'].map(folder)
    await train(context, trained, env, folder('archives/opt/cassandra'))
    layers.push(await layout.addLayer(folder('archives')))
    const image = IMAGES['cassandra-5.0']
    const config = {
      Entrypoint: ['docker-entrypoint.sh'],
      Env: Object.entries(env).map(([name, value]) => `${name}=${value}`),
      ExposedPorts: { '7000/tcp': {}, '7001/tcp': {}, '7199/tcp': {}, '9042/tcp': {} },
    }
    await layout.addImage(image.names, layers, config, image.standsBehind)
    await layout.finish()
  },
}

async function layersOfCassandra3(context: BuildContext) {
  const dir = context.input('cassandra-3.11-image')
  const [image] = await readLayout(dir)
  const layers = image === undefined ? [] : await readLayers(dir, image)
  const find = (name: (typeof CASSANDRA_3_LAYERS)[number]) => {
    const layer = layers[CASSANDRA_3_LAYERS.indexOf(name)]
    if (layer !== undefined) return { layer, path: blobPath(dir, layer) }
    throw new ArtifactError(`${dir} lacks layers; remove it and run again to build it anew.`)
  }
  return { base: find('base'), python: find('python') }
}

/** Java with its settings, its archive of loaded classes, and setpriv. */
async function java(context: BuildContext, base: string, target: string): Promise<void> {
  await unpack(context, 'java17', target, { only: ['openjdk-17-jre-headless'] })
  await copySetpriv(context, target)
  await symlink(`/${JRE}/bin/java`, join(target, 'usr/bin/java'))
  await asInLayer(context, join(target, JRE))
  const dump = [`/${JRE}/bin/java`, '-XX:+UseSerialGC', '-Xshare:dump']
  await runInside(context, dump, { layers: [target, base], upper: target })
  await rm(join(target, JRE, 'lib/server/classes_nocoops.jsa'), { force: true })
}

/** The lab's own files, and the account that Cassandra runs under. */
async function scripts(base: string, target: string): Promise<void> {
  const programs = ['cassandra', 'nodetool'].map((name) => [
    `cassandra-5.0/${name}`,
    `usr/local/bin/${name}`,
  ])
  await placeFiles(target, {
    ...Object.fromEntries(programs),
    'cassandra-5.0/docker-entrypoint.sh': 'usr/local/bin/docker-entrypoint.sh',
    'cassandra-5.0/cassandra.yaml': 'etc/cassandra/cassandra.yaml',
    'cassandra-5.0/cassandra-rackdc.properties': 'etc/cassandra/cassandra-rackdc.properties',
    'cassandra-5.0/java.options': 'opt/cassandra/java.options',
    'cassandra/logback.xml': 'opt/cassandra/logback.xml',
    'cassandra/logback-tools.xml': 'opt/cassandra/logback-tools.xml',
  })
  for (const folder of ['var/lib/cassandra', 'var/log/cassandra']) {
    await mkdir(join(target, folder), { recursive: true, mode: 0o777 })
  }
  for (const file of ['etc/passwd', 'etc/group']) await cp(join(base, file), join(target, file))
  await appendFile(join(target, 'etc/passwd'), `${ACCOUNT}\n`)
  await appendFile(join(target, 'etc/group'), 'cassandra:x:999:\n')
}

/** Runs Cassandra once, alone in a network of its own; leaves the archives in `target`. */
async function train(
  context: BuildContext,
  layers: readonly string[],
  env: Readonly<Record<string, string>>,
  target: string,
): Promise<void> {
  await mkdir(target, { recursive: true })
  // Cassandra gives up root before it writes there.
  await chmod(target, 0o777)
  const script = join(context.scratchDir, 'train')
  await placeFiles(script, { 'cassandra-5.0/train.sh': 'train.sh' })
  await runInside(context, ['/bin/bash', '/training/train.sh'], {
    layers,
    binds: { '/dev': '/dev', '/archives': target, '/training': script },
    alone: true,
    env,
    timeoutMs: TRAINING_TIMEOUT_MS,
  })
  await chmod(target, 0o755)
}
