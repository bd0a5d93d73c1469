import { join } from 'node:path'
import { expect, test } from 'vitest'
import { loadManifests, parseManifests } from '../kube/manifests.ts'
import { neededSecrets } from './needed-secrets.ts'

const SET = `
apiVersion: apps/v1
kind: StatefulSet
metadata: { name: db }
spec:
  template:
    spec:
      imagePullSecrets: [{ name: pull }]
      containers:
        - name: db
          env:
            - name: PASSWORD
              valueFrom: { secretKeyRef: { name: root, key: password } }
            - name: PERHAPS
              valueFrom: { secretKeyRef: { name: perhaps, key: a, optional: true } }
            - name: NO_SECRET
              valueFrom: { configMapKeyRef: { name: settings, key: a } }
          envFrom: [{ secretRef: { name: variables } }]
      volumes:
        - name: a
          secret: { secretName: keystore, items: [{ key: store.p12, path: p12 }] }
        - name: b
          secret: { secretName: root }
        - name: c
          projected: { sources: [{ secret: { name: ca, items: [{ key: ca.crt, path: a }] } }] }
---
apiVersion: v1
kind: Secret
metadata: { name: brought }
---
apiVersion: v1
kind: ConfigMap
metadata: { name: secret }
data: { secret: a }
`

test('whatever pods refer to, by variables and volumes, and must be there', () => {
  expect(neededSecrets(parseManifests(SET, 'set.yaml'))).toEqual([
    { name: 'root', keys: ['password'] },
    { name: 'variables', keys: [] },
    { name: 'keystore', keys: ['store.p12'] },
    { name: 'ca', keys: ['ca.crt'] },
  ])
})

test('what clients log in with, unless the manifests bring it', () => {
  const tls = { secret: 'tls', caKey: 'ca.crt', certKey: 'tls.crt', keyKey: 'tls.key' }
  const credentials = { secret: 'root', usernameKey: 'username', passwordKey: 'pwd' }
  const needed = neededSecrets(parseManifests(SET, 'set.yaml'), { credentials, tls })
  expect(needed.slice(0, 2)).toEqual([
    { name: 'root', keys: ['username', 'pwd', 'password'] },
    { name: 'tls', keys: ['ca.crt', 'tls.crt', 'tls.key'] },
  ])
  const alone = neededSecrets([], { credentials: { ...credentials, username: 'root' } })
  expect(alone).toEqual([{ name: 'root', keys: ['pwd'] }])
  const brought = { credentials: { ...credentials, secret: 'brought' } }
  expect(neededSecrets(parseManifests(SET, 'set.yaml'), brought).map(({ name }) => name)).toEqual(
    neededSecrets(parseManifests(SET, 'set.yaml')).map(({ name }) => name),
  )
})

test.for(['cassandra', 'mysql'])('the tutorial’s %s needs none', async (name) => {
  const objects = await loadManifests(join(import.meta.dirname, '../../manifests', name))
  expect(neededSecrets(objects)).toEqual([])
})
