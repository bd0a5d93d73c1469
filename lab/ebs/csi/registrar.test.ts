import { stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeAll, expect, test } from 'vitest'
import { serve } from './main.ts'
import { readDescriptors } from './rpc/descriptors.ts'
import { identityHandlers } from './rpc/identity.ts'
import { loadProtocol, type Protocol } from './rpc/protocol.ts'
import { UnixServer } from './rpc/server.ts'
import { CsiClient } from './testing/csi-client.ts'
import { protoDirs } from './testing/proto-dirs.ts'
import { temporaryFolder } from './testing/temporary-folder.ts'

let protocol: Protocol
let cleanUp = new AsyncDisposableStack()
beforeAll(async () => {
  protocol = loadProtocol(await readDescriptors(await protoDirs()))
})
afterEach(async () => {
  await cleanUp.disposeAsync()
  cleanUp = new AsyncDisposableStack()
})

async function registrar() {
  const folder = cleanUp.use(await temporaryFolder()).path
  const stop = new AbortController()
  const socket = join(folder, 'csi.sock')
  const options = {
    mode: 'registrar',
    csiAddress: socket,
    endpoint: '/var/lib/kubelet/plugins/ebs.csi.aws.com/csi.sock',
    directory: join(folder, 'plugins_registry'),
  } as const
  const path = join(options.directory, 'ebs.csi.aws.com-reg.sock')
  const serving = serve(options, protocol, stop).then((served) => cleanUp.use(served))
  const driver = () =>
    UnixServer.listen(socket, [[protocol.identity, identityHandlers(() => true)]])
  return { stop, serving, path, driver }
}

test('waits for the driver, then tells the kubelet its name and socket', async () => {
  const { serving, path, driver } = await registrar()
  await expect(stat(path)).rejects.toThrow('ENOENT')
  cleanUp.use(await driver())
  await serving
  const kubelet = cleanUp.use(new CsiClient(path))
  expect(await kubelet.call(protocol.registration, 'GetInfo')).toEqual({
    type: 'CSIPlugin',
    name: 'ebs.csi.aws.com',
    endpoint: '/var/lib/kubelet/plugins/ebs.csi.aws.com/csi.sock',
    supportedVersions: ['1.0.0'],
  })
})

test('stops when the kubelet refuses, and not when it accepts', async () => {
  const { serving, path, driver, stop } = await registrar()
  cleanUp.use(await driver())
  await serving
  const kubelet = cleanUp.use(new CsiClient(path))
  const notify = (status: object) =>
    kubelet.call(protocol.registration, 'NotifyRegistrationStatus', status)
  await notify({ pluginRegistered: true })
  expect(stop.signal.aborted).toBe(false)
  await notify({ pluginRegistered: false, error: 'node name mismatch' })
  expect(stop.signal.reason).toMatchObject({
    message: 'The kubelet refused the driver: node name mismatch',
  })
})

test('gives up waiting when it is told to stop', async () => {
  const { serving, stop } = await registrar()
  stop.abort(new Error('stopped'))
  await expect(serving).rejects.toThrow('stopped')
})

test('a socket that a killed process left is taken over, anything else is not', async () => {
  const folder = cleanUp.use(await temporaryFolder()).path
  const services = [[protocol.identity, identityHandlers(() => true)]] as const
  const file = join(folder, 'file')
  await writeFile(file, 'x')
  await expect(UnixServer.listen(file, services)).rejects.toThrow('is no socket')
  const socket = join(folder, 's.sock')
  cleanUp.use(await UnixServer.listen(socket, services))
  cleanUp.use(await UnixServer.listen(socket, services))
  const client = cleanUp.use(new CsiClient(socket))
  expect(await client.call(protocol.identity, 'Probe')).toEqual({ ready: { value: true } })
})
