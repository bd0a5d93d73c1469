import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, open, readdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

import { ArtifactError } from './artifact-error.ts'
import { Cache } from './cache.ts'

/** What the lab and its artifacts need on the host: Debian package → a command or file of it. */
export const HOST_PACKAGES = {
  mmdebstrap: 'mmdebstrap',
  'debian-archive-keyring': '/usr/share/keyrings/debian-archive-keyring.gpg',
  maven: 'mvn',
  'python3-pip': 'pip3',
  nftables: 'nft',
  iproute2: 'ip',
  e2fsprogs: 'mkfs.ext4',
  xfsprogs: 'xfs_io',
  'util-linux': 'unshare',
  mount: 'losetup',
  tar: 'tar',
  findutils: 'find',
} as const satisfies Record<string, string>

const INSTALL_TIMEOUT_MS = 10 * 60_000
const LISTS = '/var/lib/apt/lists'

/** What installing tells while it goes on. */
export interface HostPackagesProgress {
  readonly step: string
  readonly state: 'present' | 'installing' | 'installed'
  readonly elapsedMs: number
}

/** Packages of `packages` whose command is in none of the folders of `path`, nor the usual ones. */
export function missingPackages(
  packages: Readonly<Record<string, string>>,
  path = process.env['PATH'] ?? '',
): string[] {
  const folders = [...path.split(':'), '/usr/sbin', '/sbin']
  return Object.entries(packages)
    .filter(([, found]) =>
      found.startsWith('/')
        ? !existsSync(found)
        : !folders.some((folder) => existsSync(join(folder, found))),
    )
    .map(([name]) => name)
}

/**
 * Installs what the host lacks by apt-get; takes a millisecond when nothing is missing. Needs root
 * and a Debian-like system only if something is.
 * @throws ArtifactError with the command to run when it can't install, or the log when apt fails.
 */
export async function ensureHostPackages(
  options: {
    onProgress?: (progress: HostPackagesProgress) => void
    /** Default: all that the lab needs. */
    packages?: Readonly<Record<string, string>>
  } = {},
): Promise<void> {
  const startedAt = performance.now()
  const tell = (state: HostPackagesProgress['state'], step: string): void => {
    options.onProgress?.({ step, state, elapsedMs: Math.round(performance.now() - startedAt) })
  }
  const packages = options.packages ?? HOST_PACKAGES
  const missing = missingPackages(packages)
  if (missing.length === 0) {
    tell('present', 'host packages')
    return
  }
  const command = `apt-get install --yes --no-install-recommends ${missing.join(' ')}`
  const why = await cannotInstall()
  if (why !== undefined) {
    throw new ArtifactError(
      `This machine lacks ${missing.join(', ')}, and ${why}; install them, on Debian by: ${command}`,
    )
  }
  const log = join(new Cache().root, 'logs', 'host-packages.log')
  await mkdir(dirname(log), { recursive: true })
  if (await listsAreMissing()) {
    tell('installing', 'reading the lists of packages')
    await aptGet(['update'], log)
  }
  tell('installing', missing.join(', '))
  const install = ['install', '--yes', '--no-install-recommends', ...missing]
  try {
    await aptGet(install, log)
  } catch {
    // Old lists name versions that the mirror has no more.
    tell('installing', 'reading the lists of packages anew')
    await aptGet(['update'], log)
    await aptGet(install, log)
  }
  const still = missingPackages(packages)
  if (still.length > 0) {
    throw new ArtifactError(
      `apt-get installed ${still.join(', ')}, but what the lab uses of it is not there; read ${log}.`,
      { log },
    )
  }
  tell('installed', missing.join(', '))
}

async function cannotInstall(): Promise<string | undefined> {
  if (!existsSync('/usr/bin/apt-get')) return 'it has no apt-get'
  if (process.getuid?.() !== 0) return 'only root can install'
  return undefined
}

async function listsAreMissing(): Promise<boolean> {
  if (!existsSync(LISTS)) return true
  return !(await readdir(LISTS)).some((name) => /_(In)?Release$/.test(name))
}

async function aptGet(args: readonly string[], logPath: string): Promise<void> {
  const log = await open(logPath, 'a')
  try {
    await log.write(`$ apt-get ${args.join(' ')}\n`)
    const child = spawn('apt-get', ['-o', 'DPkg::Lock::Timeout=300', ...args], {
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      stdio: ['ignore', log.fd, log.fd],
      timeout: INSTALL_TIMEOUT_MS,
    })
    await once(child, 'exit')
    if (child.exitCode === 0) return
    const said = (await readFile(logPath, 'utf8'))
      .split('\n')
      .findLast((line) => line.startsWith('E: '))
    throw new ArtifactError(
      `apt-get ${args[0]} failed (${said ?? `exit code ${child.exitCode}`}); read ${logPath}.`,
      { log: logPath },
    )
  } finally {
    await log.close()
  }
}
