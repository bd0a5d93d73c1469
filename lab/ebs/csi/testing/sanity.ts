/**
 * Runs csi-sanity, the conformance tests of the CSI specification, against the driver: controller
 * and node on one socket, over the lab's EC2 API and loop devices in a /dev of their own. As root:
 *
 *     GOBIN=/tmp go install github.com/kubernetes-csi/csi-test/v5/cmd/csi-sanity@v5.6.0
 *     unshare --mount --propagation private node lab/ebs/csi/testing/sanity.ts /tmp/csi-sanity
 */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readlink } from 'node:fs/promises'
import { join } from 'node:path'
import { systemClock } from '../../../ec2/clock.ts'
import { startEc2 } from '../../../ec2/testing/start-ec2.ts'
import { controllerHandlers } from '../controller/controller-service.ts'
import { nodeHandlers } from '../node/node-service.ts'
import { readDescriptors } from '../rpc/descriptors.ts'
import { identityHandlers } from '../rpc/identity.ts'
import { loadProtocol } from '../rpc/protocol.ts'
import { UnixServer } from '../rpc/server.ts'
import { loopBlockStore } from './loop-block-store.ts'
import { protoDirs } from './proto-dirs.ts'
import { temporaryFolder } from './temporary-folder.ts'

const ZONE = 'us-east-1a'
const INSTANCE_TYPE = 't2.medium'

/** Device nodes that the test needs: name, type, major, minor. */
const NODES = [
  ['null', 'c', 1, 3],
  ['zero', 'c', 1, 5],
  ['random', 'c', 1, 8],
  ['urandom', 'c', 1, 9],
  ['loop-control', 'c', 10, 237],
  ...Array.from({ length: 64 }, (_, number) => [`loop${number}`, 'b', 7, number] as const),
] as const

const [sanity, ...args] = process.argv.slice(2)
if (sanity === undefined) throw new Error('Say where csi-sanity is.')
if ((await readlink('/proc/self/ns/mnt')) === (await readlink(`/proc/${process.ppid}/ns/mnt`))) {
  throw new Error('Run it by `unshare --mount --propagation private`: it mounts over /dev.')
}

execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', '/dev'])
for (const [name, type, major, minor] of NODES) {
  execFileSync('mknod', [`/dev/${name}`, type, String(major), String(minor)])
}
await using folder = await temporaryFolder()
await using aws = await startEc2({ clock: systemClock, blocks: loopBlockStore(folder.path) })
const { instanceId } = await aws.ec2.launch({
  imageId: 'ami-0123456789abcdef0',
  instanceType: INSTANCE_TYPE,
  zone: ZONE,
})
const protocol = loadProtocol(await readDescriptors(await protoDirs()))
const socket = join(folder.path, 'csi.sock')
const metadata = { instanceId, zone: ZONE, region: 'us-east-1', instanceType: INSTANCE_TYPE }
await using _server = await UnixServer.listen(socket, [
  [protocol.identity, identityHandlers(() => true)],
  [protocol.controller, controllerHandlers(aws.client)],
  [protocol.node, nodeHandlers(Promise.resolve(metadata), undefined)],
])
const child = spawn(
  sanity,
  [
    `-csi.endpoint=unix://${socket}`,
    `-csi.mountdir=${join(folder.path, 'mount')}`,
    `-csi.stagingdir=${join(folder.path, 'staging')}`,
    '-csi.testvolumesize=1073741824',
    '-csi.testvolumeexpandsize=2147483648',
    ...args,
  ],
  { stdio: ['ignore', 'inherit', 'inherit'] },
)
await once(child, 'exit')
process.exitCode = child.exitCode ?? 1
