import { readFile, statfs } from 'node:fs/promises'
import { unified } from '../machine/cgroups.ts'
import { whyUnusable } from '../machine/unified-hierarchy.ts'
import { LabRefusal } from '../std/lab-error.ts'

const GIB = 2 ** 30
/** Artifacts take about 5 GiB while they are built; volumes and logs grow. */
const FREE_DISK_GIB = 8
/** overlayfs over bind mounts, nftables and loop autoclear as the lab uses them. */
const OLDEST_KERNEL = [5, 10] as const
const FILE_SYSTEMS = ['overlay', 'ext4'] as const

/** Refuses a machine that can't carry a lab, naming the first reason and what to do about it. */
export async function checkMachine(stateFolder: string): Promise<void> {
  if (process.platform !== 'linux') {
    throw new LabRefusal(`the lab needs Linux, this is ${process.platform}`, {
      hint: 'Run it in a Linux virtual machine, or use `--target kubeconfig`.',
    })
  }
  if (process.getuid?.() !== 0) {
    throw new LabRefusal('the lab needs root, for namespaces, mounts and loop devices', {
      hint: 'Run the same command with sudo.',
    })
  }
  const release = (await readFile('/proc/sys/kernel/osrelease', 'utf8')).trim()
  const [major = 0, minor = 0] = release.split('.').map(Number)
  const [oldestMajor, oldestMinor] = OLDEST_KERNEL
  if (major < oldestMajor || (major === oldestMajor && minor < oldestMinor)) {
    throw new LabRefusal(
      `the lab needs Linux ${OLDEST_KERNEL.join('.')} or newer, this is ${release}`,
    )
  }
  const known = await readFile('/proc/filesystems', 'utf8')
  for (const name of FILE_SYSTEMS) {
    if (!known.split(/\s+/).includes(name)) {
      throw new LabRefusal(`the kernel has no ${name}`, { hint: `Try \`modprobe ${name}\`.` })
    }
  }
  await checkCgroups()
  await readFile('/dev/loop-control').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENXIO' || error.code === 'EPERM') {
      throw new LabRefusal('there is no usable /dev/loop-control, so no volume can be made', {
        hint: 'Try `modprobe loop`; in a container, run it privileged.',
        cause: error,
      })
    }
  })
  const disk = await statfs(stateFolder)
  const freeGiB = (disk.bavail * disk.bsize) / GIB
  if (freeGiB < FREE_DISK_GIB) {
    throw new LabRefusal(
      `${stateFolder} has ${freeGiB.toFixed(1)} GiB free, and the lab needs ${FREE_DISK_GIB}`,
      { hint: 'Free some, or set XDG_STATE_HOME and XDG_CACHE_HOME to a larger disk.' },
    )
  }
}

async function checkCgroups(): Promise<void> {
  if (unified !== undefined) {
    const problem = whyUnusable(await unified.top())
    if (problem !== undefined) throw new LabRefusal(problem.message, { hint: problem.hint })
    return
  }
  const known = await readFile('/proc/self/cgroup', 'utf8')
  if (!known.includes(':memory:')) {
    throw new LabRefusal(
      'below /sys/fs/cgroup is neither cgroup v2 nor the memory hierarchy of v1',
      {
        hint: 'Try `mount -t cgroup2 cgroup2 /sys/fs/cgroup`; in a container, run it privileged.',
      },
    )
  }
}
