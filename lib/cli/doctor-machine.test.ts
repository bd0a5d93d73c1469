import { expect, test } from 'vitest'
import { checkInotify, checkUnifiedCgroups } from './doctor-machine.ts'

const ALL = ['cpuset', 'cpu', 'io', 'memory', 'hugetlb', 'pids', 'rdma', 'misc']

test('cgroup v2 alone is taken with all that machines need, handed out or not', () => {
  const finding = checkUnifiedCgroups({
    available: ALL,
    enabled: ['memory', 'pids'],
    isShut: false,
  })
  expect(finding).toMatchObject({ state: 'ok', text: expect.stringContaining('v2 with cpuset') })
})

test('a missing controller is named', () => {
  const available = ALL.filter((name) => name !== 'memory')
  expect(checkUnifiedCgroups({ available, enabled: [], isShut: false })).toMatchObject({
    state: 'problem',
    text: 'v2 without memory',
  })
})

test('a container whose own cgroup holds processes can only use what is handed out already', () => {
  const shut = { available: ALL, enabled: ['memory', 'pids'], isShut: true }
  expect(checkUnifiedCgroups(shut)).toMatchObject({
    state: 'problem',
    todo: expect.stringContaining('--cgroupns=host'),
  })
  expect(checkUnifiedCgroups({ ...shut, enabled: ALL }).state).toBe('ok')
})

test('fewer inotify instances than one lab takes are a problem, with the command that gives more', () => {
  expect(checkInotify(128).state).toBe('ok')
  expect(checkInotify(31)).toMatchObject({
    state: 'problem',
    todo: 'sysctl -w fs.inotify.max_user_instances=1024',
  })
})
