import { appendFile, cp, mkdir, readdir, rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'

import { IMAGES } from '../image-names.ts'
import { mmdebstrap } from '../mmdebstrap.ts'
import { OciLayout } from '../oci-layout.ts'
import type { BuildContext, Recipe } from '../recipe.ts'
import { DEBIAN_SUITES, IMAGE_CONTENTS } from '../versions.ts'
import { CASSANDRA_TOOLS, copySetpriv, placeFiles } from './cassandra-parts.ts'
import { debianBase, NOT_PACKED } from './debian-base.ts'
import { fetchJars } from './maven.ts'

/**
 * Libraries of the server and of ncat, and what xtrabackup streams with; from the release of the
 * machines, whose libraries run on the newer C library of the images.
 */
const PACKAGES = [
  'libaio1t64',
  'libnuma1',
  'libncurses6',
  'ncat',
  'libpcap0.8t64',
  'liblua5.4-0',
  'libdbus-1-3',
  'tar',
  'findutils',
]

/** What of MySQL's own build is in the images. */
const OF_MYSQL = [
  ...['mysqld', 'mysql', 'mysqladmin', 'mysqldump', 'mysqlbinlog'].map((name) => `bin/${name}`),
  ...[
    'mysql_clone',
    'semisync_master',
    'semisync_slave',
    'semisync_source',
    'semisync_replica',
  ].map((name) => `lib/plugin/${name}.so`),
  'lib/private/libcrypto.so.1.1',
  'lib/private/libssl.so.1.1',
  'lib/private/libprotobuf-lite.so.3.19.4',
  'lib/private/icudt69l/*',
  'share/charsets/*',
  'share/english/*',
  'share/messages_to_*.txt',
  'LICENSE',
]

/** Extracts what matches; of Python, which pip has brought: a host may have no unzip. */
const EXTRACT = `
import fnmatch, sys, zipfile
archive, target, *wanted = sys.argv[1:]
with zipfile.ZipFile(archive) as source:
    for name in source.namelist():
        if any(fnmatch.fnmatch(name, one) for one in wanted):
            source.extract(name, target)
`

/** The account of Docker's official image. */
const ACCOUNT = 'mysql:x:999:999::/var/lib/mysql:/usr/sbin/nologin'

/**
 * The two images of the MySQL tutorial: the server with the contract of Docker's official image,
 * and what stands in for XtraBackup. They share Debian and MySQL, and differ in scripts.
 */
export const mysqlImage: Recipe = {
  name: 'mysql-image',
  purpose: 'MySQL images',
  dependsOn: ['debian-packages'],
  sources: [
    'lab/artifacts/recipes/mysql-image.ts',
    'lab/artifacts/recipes/maven.ts',
    'lab/artifacts/recipes/cassandra-parts.ts',
    'lab/artifacts/recipes/debian-base.ts',
    'lab/artifacts/images/mysql',
    'lab/artifacts/images/xtrabackup',
    'lab/artifacts/mmdebstrap.ts',
    'lab/artifacts/oci-layout.ts',
    'lab/artifacts/image-names.ts',
  ],
  parameters: { mysql: IMAGE_CONTENTS.mysql, suite: DEBIAN_SUITES.node },
  tools: {
    ...CASSANDRA_TOOLS,
    python3: 'Debian package python3',
    mmdebstrap: 'Debian package mmdebstrap',
  },
  async build(context: BuildContext): Promise<void> {
    const folder = (name: string): string => join(context.scratchDir, name)
    context.step('unpacking packages')
    await debianBase(context, folder('base'))
    await libraries(context, folder('mysql'))
    context.step('fetching MySQL')
    await mysql(context, folder('mysql'))
    await account(folder('base'), folder('mysql'))
    await placeFiles(folder('server'), {
      'mysql/docker-entrypoint.sh': 'usr/local/bin/docker-entrypoint.sh',
    })
    await placeFiles(folder('clone'), {
      'xtrabackup/xtrabackup': 'usr/bin/xtrabackup',
      'xtrabackup/xbstream': 'usr/bin/xbstream',
    })
    context.step('packing the images')
    const layout = await OciLayout.create(context)
    const shared = [
      await layout.addLayer(folder('base'), NOT_PACKED),
      await layout.addLayer(folder('mysql'), NOT_PACKED),
    ]
    const { mysql: server, xtrabackup } = IMAGES
    await layout.addImage(
      server.names,
      [...shared, await layout.addLayer(folder('server'))],
      {
        Entrypoint: ['docker-entrypoint.sh'],
        Env: [`MYSQL_VERSION=${IMAGE_CONTENTS.mysql.version}`],
        ExposedPorts: { '3306/tcp': {} },
      },
      server.standsBehind,
    )
    await layout.addImage(
      xtrabackup.names,
      [...shared, await layout.addLayer(folder('clone'))],
      { Entrypoint: ['bash'] },
      xtrabackup.standsBehind,
    )
    await layout.finish()
  },
}

async function libraries(context: BuildContext, target: string): Promise<void> {
  const root = join(context.scratchDir, 'packages')
  const options = ['--variant=extract', '--skip=cleanup/apt/cache,output/dev']
  await mmdebstrap(context, root, DEBIAN_SUITES.node.version, PACKAGES, options)
  await mkdir(target, { recursive: true })
  const archives = join(root, 'var/cache/apt/archives')
  for (const file of await readdir(archives)) {
    // apt brought more, which the lowest layer has newer.
    if (!PACKAGES.includes(file.slice(0, file.indexOf('_')))) continue
    await context.run(['dpkg-deb', '--extract', join(archives, file), target])
  }
  await rm(root, { recursive: true })
  // Debian has renamed it; what MySQL calls of it has stayed the same.
  await symlink('libaio.so.1t64', join(target, 'usr/lib/x86_64-linux-gnu/libaio.so.1'))
  await copySetpriv(context, target)
}

async function mysql(context: BuildContext, target: string): Promise<void> {
  const downloads = join(context.scratchDir, 'downloads')
  await fetchJars(context, 'mysql', downloads)
  const [archive = ''] = await readdir(downloads)
  const home = join(target, 'opt/mysql')
  await mkdir(home, { recursive: true })
  await context.run(['python3', '-c', EXTRACT, join(downloads, archive), home, ...OF_MYSQL])
  await rm(downloads, { recursive: true })
  // The archive's modes are lost on the way.
  await context.run(['chmod', '--recursive', 'a+rX', home])
  await context.run(['chmod', '--recursive', 'a+rx', join(home, 'bin')])
  await mkdir(join(target, 'usr/sbin'), { recursive: true })
  await symlink('/opt/mysql/bin/mysqld', join(target, 'usr/sbin/mysqld'))
  for (const name of ['mysql', 'mysqladmin', 'mysqldump', 'mysqlbinlog']) {
    await symlink(`/opt/mysql/bin/${name}`, join(target, 'usr/bin', name))
  }
  await placeFiles(target, { 'mysql/my.cnf': 'etc/my.cnf' })
}

/** The account that MySQL runs under, and folders that the entry point gives to it. */
async function account(base: string, target: string): Promise<void> {
  for (const file of ['etc/passwd', 'etc/group']) await cp(join(base, file), join(target, file))
  await appendFile(join(target, 'etc/passwd'), `${ACCOUNT}\n`)
  await appendFile(join(target, 'etc/group'), 'mysql:x:999:\n')
  const folders = ['var/lib/mysql', 'var/lib/mysql-files', 'var/run/mysqld', 'etc/mysql/conf.d']
  for (const folder of folders) await mkdir(join(target, folder), { recursive: true })
}
