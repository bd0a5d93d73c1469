import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { promisify } from 'node:util'

import type { BuildContext } from './recipe.ts'

const execFileAsync = promisify(execFile)

/** Where Debian's maintainers' keys are, when the package debian-archive-keyring is installed. */
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg'

/**
 * Settings of the machine's own apt that decide whether and how a mirror can be reached: proxies,
 * certificates, retries and time-outs.
 */
async function reachOptions(): Promise<string[]> {
  const { stdout } = await execFileAsync('apt-config', ['dump', '--no-empty'])
  return stdout
    .split('\n')
    .filter((line) =>
      /^Acquire::((https?|ftp)::|Retries |ForceIPv|Queue-Mode|Languages )/.test(line),
    )
    .map((line) => `--aptopt=${line}`)
}

/**
 * The mirror that this machine's apt takes Debian from, or none: then mmdebstrap's own default
 * applies. Asked of apt, which reads both formats of its sources.
 */
async function ownMirror(): Promise<string | undefined> {
  if (!existsSync('/etc/os-release')) return undefined
  const release = readFileSync('/etc/os-release', 'utf8')
  const codename = /^VERSION_CODENAME="?([a-z]+)"?$/m.exec(release)?.[1]
  if (!/^ID=debian$/m.test(release) || codename === undefined) return undefined
  const { stdout } = await execFileAsync('apt-get', [
    'indextargets',
    '--format',
    '$(RELEASE) $(COMPONENT) $(REPO_URI)',
    'Created-By: Packages',
  ])
  const wanted = `${codename} main `
  return stdout
    .split('\n')
    .find((line) => line.startsWith(wanted))
    ?.slice(wanted.length)
}

/**
 * Fetches Debian packages and unpacks them into `target`, from the mirror and through the proxy
 * that this machine's apt uses. An out-of-date mirror is taken: its signature still counts, only
 * its expiry date doesn't.
 */
export async function mmdebstrap(
  context: BuildContext,
  target: string,
  suite: string,
  packages: readonly string[],
  options: readonly string[],
): Promise<void> {
  const mirror = await ownMirror()
  await context.run([
    'mmdebstrap',
    '--mode=root',
    '--format=directory',
    '--architectures=amd64',
    '--aptopt=Acquire::Check-Valid-Until "false"',
    '--aptopt=Acquire::Languages "none"',
    ...(existsSync(KEYRING) ? [`--keyring=${KEYRING}`] : []),
    ...(await reachOptions()),
    ...options,
    `--include=${packages.join(',')}`,
    suite,
    target,
    ...(mirror === undefined ? [] : [mirror]),
  ])
}
