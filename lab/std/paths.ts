import { createHash } from 'node:crypto'
import { homedir } from 'node:os'
import { join } from 'node:path'

/** Where everything of one lab is kept; the folder is removed when the lab goes down. */
export interface LabPaths {
  readonly name: string
  readonly root: string
  /** Unix socket of the daemon's own HTTP interface. */
  readonly control: string
  readonly kubeconfig: string
  /** Kept after the lab is gone, until the next `up`. */
  readonly logs: string
  readonly machines: string
  readonly volumes: string
  readonly pki: string
  readonly etcd: string
  /**
   * The names of all the lab's cgroups begin with this. Cgroups are the whole host's, and somebody
   * else's lab may have the same name: hence the digest of the folder.
   */
  readonly cgroupPrefix: string
}

/** Paths of the lab called `name`: below `$XDG_STATE_HOME/zonefall/labs` (default ~/.local/state). */
export function labPaths(name: string, env: NodeJS.ProcessEnv = process.env): LabPaths {
  const state = env['XDG_STATE_HOME'] || join(homedir(), '.local', 'state')
  const root = join(state, 'zonefall', 'labs', name)
  return {
    name,
    root,
    control: join(root, 'control.sock'),
    kubeconfig: join(root, 'kubeconfig'),
    logs: join(root, 'logs'),
    machines: join(root, 'machines'),
    volumes: join(root, 'volumes'),
    pki: join(root, 'pki'),
    etcd: join(root, 'etcd'),
    cgroupPrefix: `zonefall-${name}-${createHash('sha256').update(root).digest('hex').slice(0, 8)}-`,
  }
}
