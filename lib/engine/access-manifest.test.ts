import { expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { accessManifest, migrationManifest } from './access-manifest.ts'
import { neededRights } from './needed-rights.ts'

/** `npx vitest run lib/engine/access-manifest.test.ts -u` writes the files anew. */
const FOLDER = '../../manifests/access'

test('the roles in manifests/ are those that the doctor checks', async () => {
  await expect(accessManifest()).toMatchFileSnapshot(`${FOLDER}/rbac.yaml`)
  await expect(accessManifest('zonefall-runs')).toMatchFileSnapshot(
    `${FOLDER}/rbac-one-namespace.yaml`,
  )
  await expect(migrationManifest()).toMatchFileSnapshot(`${FOLDER}/rbac-migrate.yaml`)
})

test('every right is in a role, once, and no role has any that is not', () => {
  const granted = (namespace?: string): string[] =>
    parseAllDocuments(accessManifest(namespace)).flatMap((document) => {
      const { kind, rules = [] } = document.toJS()
      return rules.flatMap(({ apiGroups, resources, verbs }: Record<string, string[]>) =>
        (verbs ?? []).map((verb) => `${kind} ${verb} ${apiGroups?.[0]}/${resources?.[0]}`),
      )
    })
  const wanted = (makesNamespace: boolean): string[] => [
    ...new Set(
      neededRights(makesNamespace).flatMap(({ group, resource, verbs, scope }) => {
        const kind = makesNamespace || scope === 'cluster' ? 'ClusterRole' : 'Role'
        return verbs.map((verb) => `${kind} ${verb} ${group}/${resource}`)
      }),
    ),
  ]
  expect(granted().toSorted()).toEqual(wanted(true).toSorted())
  expect(granted('n').toSorted()).toEqual(wanted(false).toSorted())
})
