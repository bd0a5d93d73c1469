import { execFile } from 'node:child_process'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../testing/temporary-folder.ts'
import { deviceNumber } from './devices.ts'
import { formatOf, spanOf } from './file-systems.ts'
import { parseMountInfo } from './mounts.ts'

const GIB = 2 ** 30
const PATH = { PATH: `${process.env['PATH']}:/usr/sbin:/sbin` }

test.each([
  ['mkfs.ext4', ['-q', '-F', '-m0'], 'ext4'],
  ['mkfs.ext4', ['-q', '-F', '-b', '1024'], 'ext4'],
  ['mkfs.ext3', ['-q', '-F'], 'ext3'],
  ['mkfs.xfs', ['-q', '-f'], 'xfs'],
])('%s %j spans what it was made for', async (mkfs, args, type) => {
  await using folder = await temporaryFolder()
  const path = join(folder.path, 'disk')
  await using handle = await open(path, 'w')
  await handle.truncate(3 * GIB)
  const device = { path, number: '7:0', sizeBytes: 3 * GIB }
  expect(await spanOf(device)).toBeUndefined()
  expect(await formatOf(device)).toBe('')
  await promisify(execFile)(mkfs, [...args, path], { env: PATH })
  await handle.truncate(5 * GIB)
  expect(await formatOf(device)).toBe(type)
  expect(await spanOf(device)).toBe(3 * GIB)
})

test('a line of mountinfo is read, whatever its optional fields and escapes', () => {
  const text = `36 35 98:0 /mnt1 /mnt\\0402 rw,noatime master:1 shared:2 - ext3 /dev/root rw,errors=continue
41 22 7:3 / /var/lib/kubelet rw - ext4 /dev/loop3 rw,debug
`
  expect(parseMountInfo(text)).toEqual([
    {
      device: '98:0',
      root: '/mnt1',
      mountPoint: '/mnt 2',
      options: ['rw', 'noatime'],
      fsType: 'ext3',
      source: '/dev/root',
      superOptions: ['rw', 'errors=continue'],
    },
    {
      device: '7:3',
      root: '/',
      mountPoint: '/var/lib/kubelet',
      options: ['rw'],
      fsType: 'ext4',
      source: '/dev/loop3',
      superOptions: ['rw', 'debug'],
    },
  ])
})

test('a device number is split as glibc does', () => {
  expect(deviceNumber(0x703n)).toBe('7:3')
  expect(deviceNumber(0x10_0701n)).toBe('7:257')
  expect(deviceNumber(0x1_0300n)).toBe('259:0')
})
