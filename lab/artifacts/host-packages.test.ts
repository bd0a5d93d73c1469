import { expect, it } from 'vitest'

import { ensureHostPackages, HOST_PACKAGES, missingPackages } from './host-packages.ts'

it('finds what is missing by its command or file', () => {
  const packages = { coreutils: 'ls', 'base-files': '/etc/os-release', a: 'no-such', b: '/no/such' }
  expect(missingPackages(packages)).toEqual(['a', 'b'])
})

it('looks where root has its tools, also when the path leaves them out', () => {
  expect(missingPackages({ mount: 'losetup' }, '/nowhere')).toEqual([])
})

it('does nothing when nothing is missing', async () => {
  const told: string[] = []
  await ensureHostPackages({
    packages: { coreutils: 'ls' },
    onProgress: ({ state }) => told.push(state),
  })
  expect(told).toEqual(['present'])
  expect(Object.keys(HOST_PACKAGES)).toContain('mmdebstrap')
})
