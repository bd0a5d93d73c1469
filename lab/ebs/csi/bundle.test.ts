import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bundleCsiDriver } from './bundle.ts'
import { readDescriptors } from './rpc/descriptors.ts'
import { loadProtocol, type Protocol } from './rpc/protocol.ts'
import { CsiClient } from './testing/csi-client.ts'
import { protoDirs } from './testing/proto-dirs.ts'
import { temporaryFolder } from './testing/temporary-folder.ts'

let folder: string
let protocol: Protocol
const cleanUp = new AsyncDisposableStack()
beforeAll(async () => {
  folder = cleanUp.use(await temporaryFolder()).path
  const dirs = await protoDirs()
  protocol = loadProtocol(await readDescriptors(dirs))
  await bundleCsiDriver(join(folder, 'driver.mjs'), dirs)
})
afterAll(() => cleanUp.disposeAsync())

/** Runs the bundle in a folder without modules until the callback is done, then ends it. */
async function whileRunning(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  work: (log: () => string, exit: Promise<unknown>) => Promise<void>,
): Promise<{ code: number | null; log: string }> {
  const child = spawn(process.execPath, ['driver.mjs', ...args], {
    cwd: folder,
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let log = ''
  child.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()))
  const exit = once(child, 'close')
  try {
    await work(() => log, exit)
  } finally {
    child.kill('SIGTERM')
  }
  await exit
  return { code: child.exitCode, log }
}

describe('the bundle, alone in its folder', () => {
  test('serves the controller', async () => {
    const socket = join(folder, 'c.sock')
    const args = ['controller', `--endpoint=unix:${socket}`]
    const ended = await whileRunning(args, { AWS_REGION: 'us-east-1' }, async (log) => {
      await expect.poll(log, { timeout: 10_000 }).toContain('controller serves')
      using client = new CsiClient(socket)
      expect(await client.call(protocol.identity, 'GetPluginInfo')).toMatchObject({
        name: 'ebs.csi.aws.com',
      })
      const { capabilities } = await client.call(protocol.controller, 'ControllerGetCapabilities')
      expect(capabilities).toHaveLength(5)
    })
    expect(ended.code).toBe(0)
  })

  test('serves the node from the start and registers it once it knows what it is', async () => {
    const socket = join(folder, 'n.sock')
    const registry = join(folder, 'registry')
    await mkdir(registry)
    const args = ['node', '--register', `--endpoint=unix:${socket}`, '--node-name=n']
    const more = [`--plugin-registration-dir=${registry}`, `--kubeconfig=${folder}/config`]
    const ended = await whileRunning([...args, ...more], {}, async (log) => {
      await expect.poll(log, { timeout: 10_000 }).toContain('node serves')
      await expect.poll(log, { timeout: 10_000 }).toContain('waiting for node n: ENOENT')
      using client = new CsiClient(socket)
      expect(await client.call(protocol.identity, 'Probe')).toEqual({ ready: { value: false } })
      // YAML, so that its lazily loaded parser has to be in the bundle.
      const server = '{server: "http://127.0.0.1:1"}'
      await writeFile(
        join(folder, 'config'),
        `clusters: [{name: c, cluster: ${server}}]\ncontexts: [{name: x, context: {cluster: c, user: u}}]\nusers: [{name: u, user: {token: t}}]\n`,
      )
      await expect.poll(log, { timeout: 10_000 }).toContain('ECONNREFUSED')
    })
    expect(ended.code).toBe(0)
  })

  test('says what is wrong with its command line', async () => {
    const { code, log } = await whileRunning(['node'], {}, async (_, exit) => {
      // By itself: a signal could come before its own end.
      await exit
    })
    expect(log).toContain('usage:')
    expect(log).toContain('--endpoint or CSI_ENDPOINT is required')
    expect(code).toBe(2)
  })
})
