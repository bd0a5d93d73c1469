import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadManifests } from './manifests.ts'

const ROOT = join(import.meta.dirname, '../..')
const PAGES = join(ROOT, '../shared/seeds')
const page = existsSync(PAGES)
  ? readdirSync(PAGES).find((name) => name.startsWith('000_'))
  : undefined

/** The YAML files that the tutorial has its reader write, by `cat > FILE << EOF`. */
function filesOf(text: string): Map<string, string> {
  const heredoc = /^cat (?:<< EoF > (\S+)|> (\S+) << EOF) *\n([\s\S]*?)^(?:EoF|EOF) *$/gm
  return new Map(
    [...text.matchAll(heredoc)].map(([, one, other, body = '']) => [one ?? other ?? '', body]),
  )
}

describe.skipIf(page === undefined)('the tutorial’s own YAML, copied out of its page', () => {
  let folder = ''

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'zonefall-tutorial-'))
    const files = filesOf(readFileSync(join(PAGES, page ?? ''), 'utf8'))
    for (const name of ['mysql-storageclass.yaml', 'cassandra-svc.yaml', 'cassandra-app.yaml']) {
      await writeFile(join(folder, name), files.get(name) ?? '')
    }
  })

  afterAll(() => rm(folder, { recursive: true }))

  it('is, object for object, what manifests/cassandra creates', async () => {
    const byKind = (objects: Awaited<ReturnType<typeof loadManifests>>) =>
      Object.fromEntries(objects.map(({ object }) => [object.kind, object]))
    const [tutorial, ours] = await Promise.all([
      loadManifests(folder),
      loadManifests(join(ROOT, 'manifests/cassandra')),
    ])
    expect(Object.keys(byKind(tutorial)).toSorted()).toEqual([
      'Service',
      'StatefulSet',
      'StorageClass',
    ])
    expect(byKind(ours)).toEqual(byKind(tutorial))
  })
})
