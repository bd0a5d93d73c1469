import { chmod, copyFile, cp, mkdir, readdir, readFile, symlink } from 'node:fs/promises'
import { join } from 'node:path'

import { ArtifactError } from '../artifact-error.ts'
import { REPOSITORY } from '../cache-key.ts'
import { IMAGES } from '../image-names.ts'
import { OciLayout } from '../oci-layout.ts'
import type { BuildContext, Recipe } from '../recipe.ts'
import { sha256 } from '../seal.ts'
import { IMAGE_CONTENTS } from '../versions.ts'
import { debianBase, NOT_PACKED } from './debian-base.ts'
import { unpack } from './debian-packages.ts'

const SOURCES = join(REPOSITORY, 'lab/artifacts/images/cassandra-3.11')
const JRE = 'usr/lib/jvm/java-8-openjdk-amd64/jre'
const { mavenDependencyPlugin } = IMAGE_CONTENTS
const COPY_JARS = `org.apache.maven.plugins:maven-dependency-plugin:${mavenDependencyPlugin.version}:copy-dependencies`

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

/**
 * Cassandra 3.11 on a Java 8, as the google-samples image has it, in five layers: Debian, Java,
 * Cassandra's jars, Python with cqlsh, and the lab's scripts.
 */
export const cassandraImage: Recipe = {
  name: 'cassandra-3.11-image',
  purpose: 'Cassandra 3.11 image',
  dependsOn: ['debian-packages'],
  sources: [
    'lab/artifacts/recipes/cassandra-image.ts',
    'lab/artifacts/recipes/debian-base.ts',
    'lab/artifacts/images/cassandra-3.11',
    'lab/artifacts/oci-layout.ts',
    'lab/artifacts/image-names.ts',
  ],
  parameters: IMAGE_CONTENTS,
  tools: {
    mvn: 'Debian package maven',
    pip3: 'Debian package python3-pip',
    'dpkg-deb': 'Debian package dpkg',
    tar: 'Debian package tar',
  },
  async build(context: BuildContext): Promise<void> {
    const folder = (name: string): string => join(context.scratchDir, name)
    context.step('fetching jars and cqlsh')
    const jars = folder('jars/opt/cassandra/lib')
    await fetchJars(context, jars)
    await fetchCqlsh(context, folder('python/opt/cqlsh'))
    context.step('unpacking packages')
    await debianBase(context, folder('base'))
    await java(context, folder('base'), folder('java'))
    await unpack(context, 'python', folder('python'))
    await compilePython(context, folder('base'), folder('python'))
    const names = await scripts(folder('scripts'), await readdir(jars))
    context.step('packing the image')
    const layout = await OciLayout.create(context)
    const layers = [
      await layout.addLayer(folder('base'), NOT_PACKED),
      await layout.addLayer(folder('java'), NOT_IN_JAVA),
      await layout.addLayer(folder('jars')),
      await layout.addLayer(folder('python'), NOT_PACKED),
      await layout.addLayer(folder('scripts')),
    ]
    const image = IMAGES['cassandra-3.11']
    const config = {
      Entrypoint: ['/run.sh'],
      Env: [
        `JAVA_HOME=/${JRE}`,
        `CASSANDRA_CLASSPATH=${names.classpath}`,
        // Python would otherwise look for time zones and locales that aren't there.
        'LANG=C.UTF-8',
      ],
    }
    await layout.addImage(image.names, layers, config, image.standsBehind)
    await layout.finish()
  },
}

/** Maven fetches; what it brings must be, to the byte, what jars.sha256 lists. */
async function fetchJars(context: BuildContext, target: string): Promise<void> {
  await mkdir(target, { recursive: true })
  const pom = join(context.scratchDir, 'pom.xml')
  await copyFile(join(SOURCES, 'pom.xml'), pom)
  const options = [`-DoutputDirectory=${target}`, '-DincludeScope=runtime']
  await context.run(['mvn', '-B', '--strict-checksums', '-f', pom, COPY_JARS, ...options])
  const listed = (await readFile(join(SOURCES, 'jars.sha256'), 'utf8')).trim().split('\n')
  const expected = new Map(listed.map((line) => [line.slice(66), line.slice(0, 64)]))
  for (const jar of await readdir(target)) {
    const digest = expected.get(jar)
    expected.delete(jar)
    if (digest !== (await sha256(join(target, jar)))) {
      throw new ArtifactError(
        `${jar} is not what images/cassandra-3.11/jars.sha256 lists; if its version was changed on purpose, list its digest there.`,
      )
    }
  }
  const [missing] = expected.keys()
  if (missing !== undefined) throw new ArtifactError(`Maven did not bring ${missing}.`)
}

/** pip fetches cqlsh, checked against requirements.txt; the Cassandra driver comes from Debian. */
async function fetchCqlsh(context: BuildContext, target: string): Promise<void> {
  const requirements = join(SOURCES, 'requirements.txt')
  const options = ['--no-deps', '--no-compile', '--require-hashes', '--target', target]
  await context.run(['pip3', 'install', ...options, '--requirement', requirements])
}

/** Java, its archive of loaded classes, and setpriv. */
async function java(context: BuildContext, base: string, target: string): Promise<void> {
  await unpack(context, 'java', target, { only: ['openjdk-8-jre-headless'] })
  const utilities = join(context.scratchDir, 'utilities')
  await unpack(context, 'java', utilities, { only: ['util-linux', 'libcap-ng0'] })
  await mkdir(join(target, 'usr/bin'), { recursive: true })
  await copyFile(join(utilities, 'usr/bin/setpriv'), join(target, 'usr/bin/setpriv'))
  const libraries = 'usr/lib/x86_64-linux-gnu'
  await mkdir(join(target, libraries), { recursive: true })
  const keep = { recursive: true, verbatimSymlinks: true }
  for (const file of await readdir(join(utilities, libraries))) {
    if (!file.startsWith('libcap-ng.so')) continue
    await cp(join(utilities, libraries, file), join(target, libraries, file), keep)
  }
  await symlink(`/${JRE}/bin/java`, join(target, 'usr/bin/java'))
  // The archive of classes holds only beside files of the very time that the layer gives them.
  await context.run([
    'find',
    join(target, JRE),
    '-type',
    'f',
    '-exec',
    'touch',
    '-d',
    '@0',
    '{}',
    '+',
  ])
  context.step('making the archive of Java classes')
  const dump = [`/${JRE}/bin/java`, '-XX:+UseSerialGC', '-Xshare:dump']
  await runInside(context, [target, base], target, dump)
}

/** Bytecode that holds whatever its source's time is: a container could not keep any it makes. */
async function compilePython(context: BuildContext, base: string, target: string): Promise<void> {
  context.step('compiling Python')
  const folders = ['/usr/lib/python3', '/usr/lib/python3.14', '/opt/cqlsh']
  const options = ['-q', '-j', '1', '--invalidation-mode', 'unchecked-hash']
  const command = ['/usr/bin/python3.14', '-m', 'compileall', ...options, ...folders]
  await runInside(context, [target, base], target, command)
}

/**
 * Runs a command with `layers`, topmost first, as its root file system. What it writes goes to
 * `upper`, which is one of them.
 */
async function runInside(
  context: BuildContext,
  layers: readonly string[],
  upper: string,
  command: readonly string[],
): Promise<void> {
  const lower = layers.filter((layer) => layer !== upper).join(':')
  const root = join(context.scratchDir, 'mounted')
  const work = join(context.scratchDir, 'overlay-work')
  await mkdir(root, { recursive: true })
  await mkdir(work, { recursive: true })
  const overlay = `lowerdir=${lower},upperdir=${upper},workdir=${work}`
  const script = `set -e; root=$1; shift
    mount -t overlay overlay -o ${JSON.stringify(overlay)} "$root"
    mount -t proc proc "$root/proc"
    exec chroot "$root" "$@"`
  await context.run(['bash', '-c', script, 'run-inside', root, ...command])
}

/** The lab's own files, and the class path that they are started with. */
async function scripts(
  target: string,
  jars: readonly string[],
): Promise<{ readonly classpath: string }> {
  const places = {
    'run.sh': 'run.sh',
    'ready-probe.sh': 'ready-probe.sh',
    nodetool: 'usr/local/bin/nodetool',
    cqlsh: 'usr/local/bin/cqlsh',
    'logback.xml': 'opt/cassandra/logback.xml',
    'logback-tools.xml': 'opt/cassandra/logback-tools.xml',
  }
  for (const folder of ['usr/local/bin', 'opt/cassandra', 'cassandra_data']) {
    await mkdir(join(target, folder), { recursive: true })
  }
  for (const [from, to] of Object.entries(places)) {
    await copyFile(join(SOURCES, from), join(target, to))
    await chmod(join(target, to), to.endsWith('.xml') ? 0o644 : 0o755)
  }
  const inOrder = [...jars].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1))
  return { classpath: inOrder.map((jar) => `/opt/cassandra/lib/${jar}`).join(':') }
}

/** Most classes come from Cassandra's own jar: it is looked into first. */
function rank(jar: string): number {
  return jar.startsWith('cassandra-all') ? 0 : 1
}
