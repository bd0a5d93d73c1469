import { copyFile, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Machine } from '../machine/machine.ts'
import { cgroups } from '../machine/cgroups.ts'
import { run } from '../std/run.ts'

/**
 * Boots one machine with containerd and a container of runc's, ends it in both ways, and prints what
 * was seen. To be run in a mount namespace of its own that has cgroup v2 at /sys/fs/cgroup.
 * Arguments: its folder, the root file system of its image, its cgroup.
 */
const [folder = '', rootfs = '', cgroup = ''] = process.argv.slice(2)
const NETNS = 'machine-on-v2'

// A service of the machine's, as the kubelet's containers are: where the host's cgroups are mounted
// with nsdelegate, what entered the machine from outside can move nothing into its cgroups.
// No limits: where v1 has the controllers there are none to set them with.
const CONTAINER = `
mkdir -p /tmp/bundle/rootfs && cd /tmp/bundle && mount --rbind / rootfs && runc spec
sed -i 's/"terminal": true/"terminal": false/; s#"sh"#"sh", "-c", "trap exit TERM; while :; do sleep 0.2; done"#; s#"linux": {#"linux": { "cgroupsPath": "/kubepods/pod1/c1",#' config.json
runc run -d c1 < /dev/null > /tmp/runc.log 2>&1
runc exec c1 cat /proc/self/cgroup >> /tmp/runc.log 2>&1
mv /tmp/runc.log /tmp/container
exec sleep 600`

const machine = new Machine({
  spec: {
    instanceId: 'i-1',
    zone: 'us-east-1a',
    subnetId: 'subnet-1',
    privateIp: '10.0.1.10',
    privateDnsName: 'ip-10-0-1-10.ec2.internal',
    instanceType: 't3.medium',
    imageId: 'ami-1',
    userData: '',
  },
  folder,
  cgroup,
  netns: NETNS,
  logs: join(folder, 'logs'),
  onDeath: () => console.error('the machine went off by itself'),
})

/** What a machine with a container looks like from inside and from the host. */
async function look(): Promise<Record<string, unknown>> {
  const inside = (...command: string[]) => machine.run(command)
  return {
    container: await inside(
      'sh',
      '-c',
      'for i in $(seq 300); do [ -f /tmp/container ] && exec cat /tmp/container; sleep 0.1; done',
    ),
    init: (await inside('cat', '/proc/1/cgroup')).split('\n').at(-1),
    fileSystem: await inside('stat', '-fc', '%T', '/sys/fs/cgroup'),
    mounts: await inside('grep', '-c', ' /sys/fs/cgroup', '/proc/self/mountinfo'),
    top: await inside('sh', '-c', 'cd /sys/fs/cgroup && echo */'),
    inTop: await inside('cat', '/sys/fs/cgroup/cgroup.procs'),
    containerd: await inside(
      'sh',
      '-c',
      'for i in $(seq 300); do ctr version > /dev/null 2>&1 && exec echo up; sleep 0.1; done',
    ),
    inContainer: (await cgroups.processesOf(`${cgroup}/kubepods/pod1/c1`)).length > 0,
  }
}

await mkdir(join(folder, 'upper/opt/zonefall'), { recursive: true })
await copyFile(
  join(import.meta.dirname, '../machine/services.sh'),
  join(folder, 'upper/opt/zonefall/services.sh'),
)
await writeFile(join(folder, 'upper/opt/zonefall/container.sh'), CONTAINER)
await writeFile(
  join(folder, 'upper/opt/zonefall/image.sh'),
  'service containerd containerd\nservice container sh /opt/zonefall/container.sh\n',
)
await run('ip', ['netns', 'add', NETNS])
const boots: Record<string, unknown>[] = []
for (const end of ['powerOff', 'shutDown'] as const) {
  await machine.powerOn({ rootfs, binds: [] }, [])
  const seen = await look()
  await machine[end]()
  boots.push({ ...seen, isOn: machine.isOn, left: await cgroups.named(cgroup) })
}
console.log(JSON.stringify({ version: cgroups.version, boots }))
