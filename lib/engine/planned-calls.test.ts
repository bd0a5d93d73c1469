import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { FAULT_NAMES } from '../model/scenario.ts'
import { type CallScope, FUTURE_RUN_ID, plannedCalls } from './planned-calls.ts'
import { resourceOf } from '../kube/resource-of.ts'
import { unplannedCalls, withRunId } from './testing/unplanned-calls.ts'

const ROOT = join(import.meta.dirname, '../..')

/** Everything that a run can come to. */
const EVERYTHING: CallScope = {
  namespace: `zonefall-${FUTURE_RUN_ID}`,
  makesNamespace: true,
  isShared: true,
  pullSecret: 'pull',
  objects: [
    { kind: 'StorageClass', name: 'fast-XXXX' },
    { kind: 'StatefulSet', name: 'db', namespace: `zonefall-${FUTURE_RUN_ID}` },
    { kind: 'PersistentVolumeClaim', name: 'data-db-0', namespace: `zonefall-${FUTURE_RUN_ID}` },
  ],
  faults: FAULT_NAMES,
  systems: ['mysql', 'cassandra-migrated'],
  pods: ['db-0'],
  nodes: [{ name: 'node-a', instanceId: 'i-1' }],
  zones: ['us-east-1a'],
  groups: ['nodes'],
  subnets: ['subnet-1'],
  vpcs: ['vpc-1'],
  acls: ['acl-1'],
  hasEc2: true,
  hasCapacity: true,
}

/** The product's own sources: no tests, and no planted defects. */
function sources(): [file: string, text: string][] {
  return globSync('{lib,fixtures}/**/*.ts', { cwd: ROOT })
    .filter((file) => !/\.test\.ts$|\/testing\/|sabotage|lib\/cli\//.test(file))
    .map((file) => [file, readFileSync(join(ROOT, file), 'utf8')])
}

test('every action of AWS that the sources can ask for and that changes something is planned', () => {
  const known = plannedCalls(EVERYTHING).map(({ call }) => call)
  const used = sources().flatMap(([file, text]) =>
    [...text.matchAll(/\bsdk\.(\w+)Command\(/g)].map(([, action = '']) => ({ file, action })),
  )
  const changing = used.filter(({ action }) => !/^(Describe|Get)/.test(action))
  expect(changing.length).toBeGreaterThan(8)
  expect(changing.filter(({ action }) => !known.includes(action))).toEqual([])
})

test('every call of the Kubernetes client in the sources that changes something is planned', () => {
  const known = plannedCalls(EVERYTHING).map(({ call }) => call)
  const used = sources().flatMap(([file, text]) =>
    [
      ...text.matchAll(
        /(?<!ec2)\.(create|delete|patch|replace)(?:Namespaced|Collection)*([A-Z]\w+)\(/g,
      ),
    ]
      // Of strings and of objects of JavaScript.
      .filter(([, verb = '', kind = '']) => !/^(replaceAll|deleteProperty)/.test(`${verb}${kind}`))
      .map(([, verb = '', kind = '']) => ({ file, call: `${verb} ${resource(kind)}` })),
  )
  expect(used.length).toBeGreaterThan(10)
  // A review asks what one may do, and changes nothing.
  const changing = used.filter(({ call }) => !call.endsWith('reviews'))
  expect(changing.filter(({ call }) => !known.includes(call))).toEqual([])
})

function resource(kind: string): string {
  const [, owner, part] = /^(\w+?)(Eviction|Scale|Exec|Portforward|Proxy)$/.exec(kind) ?? []
  if (owner === undefined || part === undefined) return resourceOf(kind)
  return `${resourceOf(owner)}/${part.toLowerCase()}`
}

test('a call is covered by its api, its words and all of its targets', () => {
  const planned = withRunId(plannedCalls(EVERYTHING), '20261121-063012-k3f9')
  const namespace = 'zonefall-20261121-063012-k3f9'
  const kube = (call: string, ...targets: string[]) => ({
    api: 'kubernetes' as const,
    call,
    targets,
  })
  const covered = [
    kube('create storageclasses', 'fast-k3f9'),
    kube('create pods', `${namespace}/zonefall-canary-abcdef`),
    kube('delete persistentvolumeclaims', `${namespace}/data-db-3`),
    { api: 'ec2' as const, call: 'StopInstances', targets: ['i-1'] },
  ]
  expect(unplannedCalls(planned, covered)).toEqual([])
  const strange = [
    kube('create storageclasses', 'fast'),
    kube('delete pods', `${namespace}/somebody`),
    kube('create pods', 'default/zonefall-canary-abcdef'),
    kube('delete nodes', 'node-a'),
    { api: 'ec2' as const, call: 'StopInstances', targets: ['i-1', 'i-2'] },
  ]
  expect(unplannedCalls(planned, strange)).toEqual(strange)
})

test('without EC2, faults and a database there is nothing but the namespace', () => {
  const nothing = {
    ...EVERYTHING,
    isShared: false,
    objects: [],
    faults: [],
    pods: [],
    hasEc2: false,
  }
  expect(plannedCalls(nothing).map(({ call }) => call)).toEqual([
    'create namespaces',
    'delete namespaces',
  ])
})
