import { expect, test } from 'vitest'
import { parseManifests } from './manifests.ts'
import { manifestsWithPulls, mirrored, withPulls } from './pulls.ts'

const MIRROR = 'registry.example.com/mirror'

test.for([
  ['cassandra:5.0', 'docker.io/library/cassandra:5.0'],
  ['bitnami/cassandra', 'docker.io/bitnami/cassandra'],
  ['gcr.io/google-samples/cassandra:v13', 'gcr.io/google-samples/cassandra:v13'],
  ['localhost:5000/x', 'localhost:5000/x'],
  ['docker.io/library/node:24@sha256:ab', 'docker.io/library/node:24@sha256:ab'],
] as const)('%s is mirrored as %s', ([image, full]) => {
  expect(mirrored(image, MIRROR)).toBe(`${MIRROR}/${full}`)
  expect(mirrored(mirrored(image, MIRROR), MIRROR)).toBe(`${MIRROR}/${full}`)
})

test('pods of every kind are pulled from the mirror, with its Secret', () => {
  const objects = parseManifests(
    `
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  template:
    spec:
      imagePullSecrets: [{name: mine}]
      initContainers: [{name: i, image: busybox}]
      containers: [{name: db, image: "cassandra:5.0"}]
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: job}
spec: {jobTemplate: {spec: {template: {spec: {containers: [{name: j, image: a/b}]}}}}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: c}
data: {image: cassandra, containers: none}
`,
    'f.yaml',
  )
  const before = structuredClone(objects)
  const [set, job, map] = manifestsWithPulls(objects, { mirror: MIRROR, pullSecret: 'pull' })
  expect(set?.object).toMatchObject({
    spec: {
      template: {
        spec: {
          imagePullSecrets: [{ name: 'mine' }, { name: 'pull' }],
          initContainers: [{ image: `${MIRROR}/docker.io/library/busybox` }],
          containers: [{ image: `${MIRROR}/docker.io/library/cassandra:5.0` }],
        },
      },
    },
  })
  expect(JSON.stringify(job?.object)).toContain(`${MIRROR}/docker.io/a/b`)
  expect(JSON.stringify(job?.object)).toContain('"imagePullSecrets":[{"name":"pull"}]')
  expect(map?.object).toEqual(objects[2]?.object)
  expect(objects).toEqual(before)
})

test('without rules nothing changes, and a Secret is named once', () => {
  const spec = { containers: [{ name: 'a', image: 'x' }], imagePullSecrets: [{ name: 'pull' }] }
  expect(withPulls(spec, {})).toEqual(spec)
  expect(withPulls(spec, { pullSecret: 'pull' })).toEqual(spec)
})
