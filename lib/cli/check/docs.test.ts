import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { checkDocs, mirrorHosts } from './docs.ts'

let root = ''
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'zonefall-docs-'))
  plant('package.json', JSON.stringify({ scripts: { check: 'x' } }))
  plant('lib/a.ts', 'export {}\n')
  plant('docs/b.md', '# Two words, and more\n')
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

function plant(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), text)
}

const faults = (): string[] =>
  checkDocs(root, { folders: ['/home/somebody'], mirrorHosts: ['mirror.example'] }).faults
const HOME = '/home/somebody/x'

describe('checkDocs', () => {
  it.each([
    ['a file too long', 'lib/long.ts', 'x\n'.repeat(401), 'lib/long.ts has 401 lines'],
    ['a folder of one machine', 'lib/c.ts', `const a = '${HOME}'\n`, 'lib/c.ts:1 names a folder'],
    ['a mirror', 'lib/c.ts', '\nhttps://mirror.example/x\n', 'lib/c.ts:2 names a mirror'],
    ['a dead link', 'README.md', 'see [x](docs/none.md)\n', 'README.md:1 links to docs/none.md'],
    ['a dead anchor', 'README.md', '[x](docs/b.md#three)\n', 'which has no such heading'],
    ['a file that is gone', 'docs/c.md', '`lib/none.ts`\n', 'docs/c.md:1 names lib/none.ts'],
    ['a script that is gone', 'README.md', 'npm run nope\n', 'names npm run nope'],
    ['what the CI script holds', '.ci/run', `cd ${HOME}\n`, '.ci/run:1 names a folder'],
  ])('reports %s', (_, path, text, fault) => {
    plant(path, text)
    expect(faults()).toEqual([expect.stringContaining(fault)])
  })

  it('finds nothing wrong with what is right', () => {
    plant(
      'README.md',
      'npm run check, `lib/a.ts`, [b](docs/b.md#two-words-and-more), [c](#top)\n# Top\nhttps://x/home/y\n',
    )
    plant('lib/long.ts', 'x\n'.repeat(400))
    plant('package-lock.json', 'x\n'.repeat(1000))
    plant('node_modules/x/README.md', '[x](none.md)')
    plant('reports/run/report.json', HOME)
    expect(faults()).toEqual([])
  })
})

describe('mirrorHosts', () => {
  it('are those of the settings that are not public', () => {
    expect(
      mirrorHosts([
        'https://registry.npmjs.org/\n',
        'https://proxy.golang.org,direct',
        'http://me:pw@mirror.example:8080/npm/',
      ]),
    ).toEqual(['mirror.example'])
  })
})
