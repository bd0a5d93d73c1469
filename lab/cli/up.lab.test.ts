import { execFile } from 'node:child_process'
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { run } from '../std/run.ts'

const MAIN = join(import.meta.dirname, 'main.ts')
let folder = ''

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'zonefall-up-'))
  await chmod(folder, 0o777)
})

afterEach(async () => {
  await run('umount', [join(folder, 'small')]).catch(() => undefined)
  await rm(folder, { recursive: true })
})

/** `lab up` that must fail, in an environment of its own; gives its exit code and what it said. */
async function failingUp(
  env: Record<string, string>,
  prefix: readonly string[] = [],
): Promise<{ code: unknown; stderr: string }> {
  const command = [...prefix, process.execPath, MAIN, 'up']
  const failed = promisify(execFile)('env', command, {
    env: { PATH: process.env['PATH'], HOME: folder, ...env },
    timeout: 60_000,
  }).then(
    () => ({ code: 0, stderr: '' }),
    (error: { code: unknown; stderr: string }) => error,
  )
  return failed
}

it('says what to do when it is not root', async () => {
  const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups']
  const { code, stderr } = await failingUp({}, nobody)
  expect(code).toBe(3)
  expect(stderr).toBe(
    'error: the lab needs root, for namespaces, mounts and loop devices\n' +
      '  Run the same command with sudo.\n',
  )
})

it('says what to do when the disk is too small', async () => {
  const small = join(folder, 'small')
  await mkdir(small)
  await run('mount', ['-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', small])
  const { code, stderr } = await failingUp({ XDG_STATE_HOME: small })
  expect(code).toBe(3)
  expect(stderr).toMatch(/small\S* has 0\.1 GiB free, and the lab needs 8/)
  expect(stderr).toContain('set XDG_STATE_HOME and XDG_CACHE_HOME to a larger disk')
})

it('says what to do when there is no loop device to be had', async () => {
  const hidden = ['unshare', '--mount', 'sh', '-c', 'mount -t tmpfs none /dev; exec "$@"', 'sh']
  const { code, stderr } = await failingUp({}, hidden)
  expect(code).toBe(3)
  expect(stderr).toContain('there is no usable /dev/loop-control')
  expect(stderr).toContain('modprobe loop')
})

it('says what to do when Go is missing', async () => {
  const withoutGo = (process.env['PATH'] ?? '')
    .split(':')
    .filter((path) => !path.includes('go/bin'))
    .join(':')
  const { code, stderr } = await failingUp({
    PATH: `${dirname(process.execPath)}:${withoutGo}`,
    XDG_CACHE_HOME: join(folder, 'cache'),
  })
  expect(code).toBe(3)
  expect(stderr).toMatch(/^error: Building binaries needs go \(Go 1\.26 or newer\) on PATH;/)
})

it('says what to do when the named EBS driver is not there', async () => {
  const { code, stderr } = await failingUp({ ZONEFALL_EBS_DRIVER: join(folder, 'driver') })
  expect(code).toBe(3)
  expect(stderr).toBe(
    `error: ZONEFALL_EBS_DRIVER names ${folder}/driver, and there is no such file\n` +
      "  Name an aws-ebs-csi-driver binary, or unset the variable to use the lab's own driver.\n",
  )
})
