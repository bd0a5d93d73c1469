import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { MIGRATION_RIGHTS, type NeededRight, neededRights } from './needed-rights.ts'
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

/** What only migrations do, who have a role of their own besides. */
const MIGRATION = ['lib/migrate/**/*.ts', 'fixtures/{legacy,loader,migration}*.ts'] as const

describe('the rights in the roles', () => {
  // Planted defects take hold on the lab alone.
  const sources = read('{lib,fixtures}/**/*.ts', [
    '**/testing/**',
    '**/*.test.ts',
    'fixtures/sabotage*.ts',
    ...MIGRATION,
  ])
  const migration = MIGRATION.flatMap((pattern) => read(pattern, ['**/*.test.ts']))
  const deployed = read('manifests/*/*.yaml', ['manifests/access/**']).flatMap((text) =>
    parseAllDocuments(text).map((document) => document.toJS()),
  )
  const textsOf = (rights: readonly NeededRight[]): RightText[] =>
    rights.flatMap(({ group, resource, verbs }) =>
      verbs.map((verb): RightText => `${verb} ${group}/${resource}`),
    )
  const called = new Set([
    ...calledRights(sources),
    ...rightsToMake([...writtenObjects(sources), ...deployed]),
  ])
  const needed = new Set<RightText>(
    [true, false].flatMap((makesNamespace) => textsOf(neededRights(makesNamespace))),
  )

  test('are all used by the sources', () => {
    expect([...needed].filter((right) => !called.has(right))).toEqual([])
  })

  test('are all that the sources use', () => {
    expect([...called].filter((right) => !needed.has(right))).toEqual([])
  })

  test('with those of a migration are all that one uses, and it uses them', () => {
    const used = new Set([...calledRights(migration), ...rightsToMake(writtenObjects(migration))])
    const besides = [...used].filter((right) => !needed.has(right)).toSorted()
    expect(besides).toEqual(textsOf(MIGRATION_RIGHTS).toSorted())
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
