import { describe, expect, it } from 'vitest'
import { cgroupSettings } from '../cluster/node-image.ts'
import { controllersToEnable, type UnifiedTop, whyUnusable } from './unified-hierarchy.ts'

// What systemd 252 leaves at the top of Debian 12 after boot: nothing but memory and pids.
const DEBIAN: UnifiedTop = {
  available: ['cpuset', 'cpu', 'io', 'memory', 'hugetlb', 'pids', 'rdma', 'misc'],
  enabled: ['memory', 'pids'],
  isKernelRoot: true,
  hasProcesses: true,
  isWritable: true,
}

describe('controllersToEnable', () => {
  it('names what the kernel has and the top does not hand out yet', () => {
    expect(controllersToEnable(DEBIAN)).toEqual(['cpu', 'cpuset', 'io', 'hugetlb'])
    expect(controllersToEnable({ available: ['cpu', 'misc'], enabled: [] })).toEqual(['cpu'])
    expect(controllersToEnable({ available: DEBIAN.available, enabled: DEBIAN.available })).toEqual(
      [],
    )
  })
})

describe('whyUnusable', () => {
  it('takes a host that systemd has booted', () => {
    expect(whyUnusable(DEBIAN)).toBeUndefined()
  })

  it('names the controllers that are missing', () => {
    const available = DEBIAN.available.filter((name) => name !== 'memory' && name !== 'cpuset')
    expect(whyUnusable({ ...DEBIAN, available })?.message).toBe(
      'cgroup v2 is here without memory, cpuset',
    )
  })

  it('refuses a container whose cgroup holds processes, unless all is handed out already', () => {
    const container = { ...DEBIAN, isKernelRoot: false }
    expect(whyUnusable(container)?.message).toContain('holds processes')
    expect(whyUnusable({ ...container, hasProcesses: false })).toBeUndefined()
    expect(whyUnusable({ ...container, enabled: container.available })).toBeUndefined()
  })

  it('refuses a read-only mount', () => {
    expect(whyUnusable({ ...DEBIAN, isWritable: false })?.message).toContain('read-only')
  })
})

describe('what the kubelet is told', () => {
  it('is the machine itself with v2, and v1 is allowed with v1 alone', () => {
    expect(cgroupSettings(2, 'zonefall-x-i-1')).toEqual({
      cgroupDriver: 'cgroupfs',
      cgroupRoot: '/',
    })
    expect(cgroupSettings(1, 'zonefall-x-i-1')).toEqual({
      cgroupDriver: 'cgroupfs',
      cgroupRoot: '/zonefall-x-i-1',
      failCgroupV1: false,
    })
  })
})
