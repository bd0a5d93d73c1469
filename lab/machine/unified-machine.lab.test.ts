import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { ensureArtifacts } from '../artifacts/ensure-artifacts.ts'
import { run } from '../std/run.ts'
import { UnifiedHierarchy } from './unified-hierarchy.ts'

const CGROUP = `zonefall-machine-test-${process.pid}`
const SCRIPT = join(import.meta.dirname, '../testing/machine-on-v2.ts')
// A host like Debian 12's or Fedora's, as far as a mount namespace can make one of any other. The
// mount that is there is moved: a new one would change the options of all of the host's.
const ALONE = ['--mount', '--pid', '--fork', '--kill-child=SIGKILL', '--mount-proc']
const ENTER = `mkdir "$0/top" && mount --bind "$1" "$0/top" && umount -R /sys/fs/cgroup &&
mount --bind "$0/top" /sys/fs/cgroup && umount "$0/top" &&
mount -t tmpfs run /run && mkdir /run/netns && shift && exec "$@"`
let folder = ''
let enabledBefore: readonly string[] = []
let root = ''

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'zonefall-v2-'))
  const mounts = (await readFile('/proc/self/mounts', 'utf8')).split('\n')
  const mount = mounts.map((line) => line.split(' ')).find(([, , type]) => type === 'cgroup2')
  if (mount?.[1] === undefined) throw new Error('there is no cgroup2 mount on this host')
  root = mount[1]
  enabledBefore = (await new UnifiedHierarchy(root).top()).enabled
})

afterAll(async () => {
  const hierarchy = new UnifiedHierarchy(root)
  await hierarchy.remove(CGROUP)
  for (const name of (await hierarchy.top()).enabled) {
    if (enabledBefore.includes(name)) continue
    await writeFile(join(root, 'cgroup.subtree_control'), `-${name}`)
  }
  await rm(folder, { recursive: true, force: true })
})

it('boots on cgroup v2 alone, runs a container, and leaves nothing however it ends', async () => {
  const { nodeRootfs } = await ensureArtifacts({ only: ['node-rootfs'] })
  const what = [join(folder, 'i-1'), nodeRootfs, CGROUP]
  const said = await run(
    'unshare',
    [...ALONE, 'bash', '-c', ENTER, folder, root, process.execPath, SCRIPT, ...what],
    { timeoutMs: 120_000 },
  )
  const boot = {
    init: '0::/system',
    fileSystem: 'cgroup2fs',
    mounts: '1',
    top: 'kubepods/ system/',
    inTop: '',
    containerd: 'up',
    container: expect.stringMatching(/0::\/$/),
    inContainer: true,
    isOn: false,
    left: [],
  }
  expect(JSON.parse(said)).toMatchObject({ version: 2, boots: [boot, boot] })
})
