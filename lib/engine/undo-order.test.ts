import { expect, test } from 'vitest'
import type { Undo } from '../model/journal.ts'
import { inUndoOrder } from './undo-order.ts'

test('capacity and networks come before instances, and deletions last; else youngest first', () => {
  const youngestFirst: Undo[] = [
    { kind: 'delete-acl', token: 't' },
    { kind: 'delete-object', apiVersion: 'v1', objectKind: 'Pod', name: 'p', awaitGone: true },
    { kind: 'start-instances', instances: [] },
    { kind: 'set-unschedulable', node: 'n', value: false },
    { kind: 'restore-acl-association', subnetId: 's', aclId: 'a', token: 't' },
    { kind: 'restore-capacity', zone: 'z' },
  ]
  expect(inUndoOrder(youngestFirst.map((undo) => ({ undo }))).map(({ undo }) => undo.kind)).toEqual(
    [
      'restore-acl-association',
      'restore-capacity',
      'delete-acl',
      'start-instances',
      'set-unschedulable',
      'delete-object',
    ],
  )
})
