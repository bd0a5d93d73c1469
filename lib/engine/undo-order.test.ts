import { expect, test } from 'vitest'
import type { Undo } from '../model/journal.ts'
import { inUndoOrder } from './undo-order.ts'

const volume = {
  namespace: 'd',
  pod: 'p',
  uid: 'u',
  node: 'n',
  wasUnschedulable: true,
  volumeId: 'vol-1',
  instanceId: 'i-1',
  attachment: 'csi-1',
}

test('each undo comes after what it needs; else youngest first', () => {
  const youngestFirst: Undo[] = [
    { kind: 'restart-databases', hosts: [], onInstance: 'ssh {id}', restart: 'true' },
    { kind: 'delete-copies', token: 't' },
    { kind: 'delete-acl', token: 't' },
    { kind: 'delete-object', apiVersion: 'v1', objectKind: 'Pod', name: 'p', awaitGone: true },
    { kind: 'remount-volume', ...volume },
    { kind: 'start-instances', instances: [] },
    { kind: 'set-unschedulable', node: 'n', value: false },
    { kind: 'restore-acl-association', subnetId: 's', aclId: 'a', token: 't' },
    { kind: 'restore-capacity', zone: 'z' },
    { kind: 'terminate-launched', token: 't' },
    {
      kind: 'await-replacement',
      group: 'g',
      zone: 'z',
      count: 1,
      instance: { id: 'i', node: 'm' },
    },
  ]
  expect(inUndoOrder(youngestFirst.map((undo) => ({ undo }))).map(({ undo }) => undo.kind)).toEqual(
    [
      'terminate-launched',
      'restore-acl-association',
      'restore-capacity',
      'delete-acl',
      'start-instances',
      'await-replacement',
      'remount-volume',
      'set-unschedulable',
      'delete-object',
      'delete-copies',
      'restart-databases',
    ],
  )
})
