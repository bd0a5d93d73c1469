import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { neededRights } from './needed-rights.ts'
import {
  calledRights,
  type RightText,
  rightsToMake,
  writtenObjects,
} from './testing/called-rights.ts'

const ROOT = join(import.meta.dirname, '../..')
const read = (pattern: string, exclude: readonly string[] = []): string[] =>
  globSync(pattern, { cwd: ROOT, exclude: [...exclude] }).map((file) =>
    readFileSync(join(ROOT, file), 'utf8'),
  )

describe('the rights in the roles', () => {
  // Planted defects take hold on the lab alone.
  const sources = read('{lib,fixtures}/**/*.ts', [
    '**/testing/**',
    '**/*.test.ts',
    'fixtures/sabotage*.ts',
  ])
  const deployed = read('manifests/*/*.yaml', ['manifests/access/**']).flatMap((text) =>
    parseAllDocuments(text).map((document) => document.toJS()),
  )
  const called = new Set([
    ...calledRights(sources),
    ...rightsToMake([...writtenObjects(sources), ...deployed]),
  ])
  const needed = new Set<RightText>(
    [true, false].flatMap((makesNamespace) =>
      neededRights(makesNamespace).flatMap(({ group, resource, verbs }) =>
        verbs.map((verb): RightText => `${verb} ${group}/${resource}`),
      ),
    ),
  )

  test('are all used by the sources', () => {
    expect([...needed].filter((right) => !called.has(right))).toEqual([])
  })

  test('are all that the sources use', () => {
    expect([...called].filter((right) => !needed.has(right))).toEqual([])
  })
})

test('calls are found by the names of methods, by paths, and by what is made', () => {
  const found = (text: string) => [...calledRights([text])]
  expect(found('core.listPodForAllNamespaces()')).toEqual(['list /pods'])
  expect(found('await apps.patchNamespacedStatefulSetScale({')).toEqual([
    'patch apps/statefulsets/scale',
  ])
  expect(found('core.readNamespacedPodLog(query)')).toEqual(['get /pods/log'])
  expect(found('storage.readStorageClass({ name })')).toEqual(['get storage.k8s.io/storageclasses'])
  expect(found('readManifests(path)')).toEqual([])
  expect(found('path: (namespace) => `/api/v1/namespaces/${namespace}/events`,')).toEqual([
    'list /events',
    'watch /events',
  ])
  expect(found("'/apis/storage.k8s.io/v1/volumeattachments'")).toEqual([
    'list storage.k8s.io/volumeattachments',
    'watch storage.k8s.io/volumeattachments',
  ])
  expect(found('`/api/v1/namespaces/${namespace}/pods/${pod}/exec?${query}`')).toEqual([
    'get /pods/exec',
    'create /pods/exec',
  ])
  expect(writtenObjects(["{ apiVersion: 'policy/v1', kind: 'PodDisruptionBudget' }"])).toEqual([
    { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget' },
  ])
  expect(rightsToMake([{ apiVersion: 'apps/v1', kind: 'StatefulSet' }])).toEqual([
    'get apps/statefulsets',
    'create apps/statefulsets',
    'delete apps/statefulsets',
  ])
})
