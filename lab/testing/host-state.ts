import { readdir, readFile } from 'node:fs/promises'
import { run } from '../std/run.ts'

const SYSCTLS = [
  'net/ipv4/ip_forward',
  'net/ipv4/conf/all/route_localnet',
  'vm/overcommit_memory',
  'vm/panic_on_oom',
  'kernel/panic',
  'kernel/panic_on_oops',
  'kernel/keys/root_maxkeys',
]

/** What a lab must leave alone on its host, and must have given back when it is gone. */
export interface HostState {
  readonly links: string
  readonly routes: string
  readonly nftables: string
  readonly mounts: string
  readonly sysctls: Readonly<Record<string, string>>
  readonly etc: string
}

export async function hostState(): Promise<HostState> {
  const sysctls = SYSCTLS.map(async (name): Promise<[string, string]> => [
    name,
    await readFile(`/proc/sys/${name}`, 'utf8'),
  ])
  return {
    links: await run('ip', ['-o', 'link']),
    routes: await run('ip', ['route']),
    nftables: await run('nft', ['list', 'ruleset']),
    mounts: await readFile('/proc/self/mounts', 'utf8'),
    sysctls: Object.fromEntries(await Promise.all(sysctls)),
    etc: await run('sh', ['-c', 'ls -lR --time-style=full-iso /etc | sha256sum']),
  }
}

/** Loop devices in use whose file lies below `folder`. */
export async function loopsBelow(folder: string): Promise<string[]> {
  const found = await Promise.all(
    (await readdir('/sys/block'))
      .filter((name) => name.startsWith('loop'))
      .map((name) => readFile(`/sys/block/${name}/loop/backing_file`, 'utf8').catch(() => '')),
  )
  return found.filter((file) => file.startsWith(folder))
}

/** Ids of all processes whose environment or command line mentions `text`. */
export async function processesMentioning(text: string): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number)
  const found = await Promise.all(
    pids.map(async (pid) => {
      const [command, environment] = await Promise.all(
        ['cmdline', 'environ'].map((file) =>
          readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => ''),
        ),
      )
      return pid !== process.pid && `${command}${environment}`.includes(text)
    }),
  )
  return pids.filter((_, index) => found[index])
}
