import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { loadManifests } from '../kube/manifests.ts'
import { findWorkload } from '../kube/workload.ts'
import { PROJECT_ROOT } from './collect.ts'
import { placeManifests } from './place-manifests.ts'

const RUN = '20261121-142125-u226'
const read = (system: string) => loadManifests(join(PROJECT_ROOT, 'manifests', system))

describe("in the lab's default namespace", () => {
  const lab = { kind: 'lab', namespace: 'default' } as const

  it('leaves what is for it as it is', async () => {
    const cassandra = await read('cassandra')
    expect(placeManifests(cassandra, lab, RUN)).toBe(cassandra)
  })

  it('moves what is for a namespace of its own, where a run would not look for it', async () => {
    const placed = placeManifests(await read('mysql'), lab, RUN)
    expect(placed.map(({ object }) => object.kind)).not.toContain('Namespace')
    const workload = findWorkload(placed, 3306, lab.namespace)
    expect(workload).toMatchObject({
      namespace: 'default',
      governingService: 'mysql',
      claims: [{ template: 'data', storageClass: 'mysql-gp2-u226' }],
    })
    const names = placed.map(({ object }) => `${object.kind} ${object.metadata.name}`)
    expect(names).toEqual(
      expect.arrayContaining(['StorageClass mysql-gp2-u226', 'Service mysql-read']),
    )
  })
})
