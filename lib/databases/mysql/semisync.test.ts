import { expect, it } from 'vitest'
import { semisyncOf } from './semisync.ts'

const rows = (role: string) =>
  Object.entries({
    enabled: 'ON',
    timeout: '10000',
    wait_point: 'AFTER_SYNC',
    clients: '1',
    no_tx: '3',
    status: 'OFF',
    yes_tx: '7',
    wait_sessions: '2',
  }).map(([name, Value]) => ({ Variable_name: `Rpl_semi_sync_${role}_${name}`, Value }))

it.each(['master', 'source'])('reads what the plugin of the %s says', (role) => {
  expect(semisyncOf(rows(role))).toEqual({
    isOn: false,
    replicas: 1,
    unprotected: 3,
    protected: 7,
    waiting: 2,
    timeoutMs: 10_000,
    waitPoint: 'AFTER_SYNC',
  })
})

it('finds none on a server that has only the replica’s', () => {
  expect(semisyncOf([])).toBeUndefined()
  expect(semisyncOf([{ Variable_name: 'Rpl_semi_sync_slave_status', Value: 'ON' }])).toBeUndefined()
})
