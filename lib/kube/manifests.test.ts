import { join } from 'node:path'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { describe, expect, test } from 'vitest'
import { loadManifests, parseManifests } from './manifests.ts'
import { findWorkload } from './workload.ts'

const CASSANDRA = join(import.meta.dirname, '../../manifests/cassandra')

describe('loadManifests', () => {
  test('reads the Cassandra folder in the order of its files', async () => {
    const objects = await loadManifests(CASSANDRA)
    expect(objects.map(({ object }) => `${object.kind} ${object.metadata.name}`)).toEqual([
      'StorageClass mysql-gp2',
      'Service cassandra',
      'StatefulSet cassandra',
    ])
  })

  test('names what can’t be read', async () => {
    await expect(loadManifests('/nowhere/at-all')).rejects.toThrow(
      "The manifests /nowhere/at-all can't be read.",
    )
    const folder = await mkdtemp(join(tmpdir(), 'zonefall-manifests-'))
    try {
      await writeFile(join(folder, 'a.yaml'), '---\n# nothing\n---\n')
      await expect(loadManifests(folder)).rejects.toThrow('There is no Kubernetes object in')
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})

describe('parseManifests', () => {
  test('names file and line of a text that doesn’t parse', () => {
    const text = 'apiVersion: v1\nkind: Service\nmetadata:\n  name: a\n  labels: {app: [}\n'
    expect(() => parseManifests(text, 'bad.yaml')).toThrow(/^bad\.yaml:5: /)
  })

  test('names the line of a document that is no object, and what it lacks', () => {
    const text = 'apiVersion: v1\nkind: Service\nmetadata: {name: a}\n---\nkind: Service\n'
    expect(() => parseManifests(text, 'bad.yaml')).toThrow(
      'bad.yaml:5: this is no Kubernetes object: apiVersion, metadata is missing.',
    )
  })

  test('takes lists apart and leaves Helm’s hooks out', () => {
    const text = `
kind: List
apiVersion: v1
items:
  - {apiVersion: v1, kind: Service, metadata: {name: a}}
  - {apiVersion: v1, kind: Secret, metadata: {name: b}}
---
# Source: chart/templates/tests/connection.yaml
apiVersion: v1
kind: Pod
metadata: {name: test, annotations: {helm.sh/hook: test}}
`
    const objects = parseManifests(text, 'rendered.yaml')
    expect(objects.map(({ object }) => object.metadata.name)).toEqual(['a', 'b'])
    expect(objects[0]?.origin).toBe('rendered.yaml:2')
  })
})

describe('findWorkload', () => {
  test('finds all that a scenario has to know of the Cassandra manifests', async () => {
    expect(findWorkload(await loadManifests(CASSANDRA), 9042)).toEqual({
      statefulSet: 'cassandra',
      namespace: 'default',
      replicas: 3,
      container: 'cassandra',
      governingService: 'cassandra',
      port: 9042,
      selector: { app: 'cassandra' },
      claims: [{ template: 'cassandra-data', storageClass: 'mysql-gp2' }],
    })
  })

  const without = async (change: (text: string) => string): Promise<string> => {
    const texts = (await loadManifests(CASSANDRA)).map(({ object }) => JSON.stringify(object))
    const objects = texts.flatMap((text) => parseManifests(change(text), 'user.yaml'))
    try {
      findWorkload(objects, 9042)
    } catch (error) {
      return error instanceof Error ? error.message : ''
    }
    return 'found'
  }

  test('names what is missing', async () => {
    expect(await without((text) => text)).toBe('found')
    expect(await without((text) => text.replace('"StatefulSet"', '"ReplicaSet"'))).toBe(
      'The manifests hold no StatefulSet, only StorageClass, Service, ReplicaSet.',
    )
    expect(
      await without((text) => text.replace('"containerPort":9042', '"containerPort":9043')),
    ).toBe('user.yaml:1: no container of the pod template declares containerPort 9042.')
    expect(await without((text) => text.replace('"port":9042', '"port":80'))).toBe(
      'No Service leads to port 9042 of the pods of StatefulSet cassandra.',
    )
    expect(
      await without((text) => text.replace('"serviceName":"cassandra"', '"serviceName":"x"')),
    ).toBe('user.yaml:1: the Service "x" that spec.serviceName names is missing.')
    expect(await without((text) => text.replace('"serviceName":', '"noName":'))).toBe(
      'user.yaml:1: StatefulSet cassandra has no serviceName.',
    )
    expect(await without((text) => text.replace('volumeClaimTemplates', 'noTemplates'))).toContain(
      'has no volumeClaimTemplates',
    )
  })

  test('finds a Service that leads to the port by its name', async () => {
    const named = await without((text) =>
      text.replace('"port":9042', '"port":9042,"targetPort":"cql"'),
    )
    expect(named).toBe('found')
  })
})
