import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { checkImports, importsOf } from './imports.ts'

let root = ''
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'zonefall-imports-'))
  const write = (path: string, dependencies: object, devDependencies: object): void =>
    plant(path, JSON.stringify({ dependencies, devDependencies }))
  write('package.json', { 'cassandra-driver': '1', zod: '1' }, { 'fast-check': '1' })
  write('lab/package.json', { '@grpc/grpc-js': '1' }, {})
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

function plant(path: string, source: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), source)
}

describe('checkImports', () => {
  it.each([
    ['lib/model/a.ts', '../std/b.ts', 'model depends on nothing'],
    ['lib/std/a.ts', '../model/b.ts', 'std depends on nothing'],
    ['lib/kube/a.ts', '../faults/b.ts', 'kube may import only model, std'],
    ['lib/checkers/a.ts', '../kube/b.ts', 'checkers may import only model, std'],
    ['lib/workloads/a.ts', '../checkers/b.ts', 'workloads may import only model, std'],
    ['lib/faults/a.ts', '../probes/b.ts', 'faults may import only'],
    ['lib/probes/a.ts', '../databases/cassandra/b.ts', 'probes may import only'],
    ['lib/databases/cassandra/a.ts', '../../workloads/b.ts', 'databases may import only'],
    ['lib/report/a.ts', '../engine/b.ts', 'report may import only'],
    ['lib/engine/a.ts', '../cli/b.ts', 'engine may import only'],
    ['lib/engine/a.ts', '../../fixtures/b.ts', 'lib imports nothing of fixtures'],
    ['lib/targets/lab/a.ts', '../../../lab/ec2/b.ts', 'only by its command line'],
    ['lab/ec2/a.ts', '../../lib/model/b.ts', 'lab imports nothing but itself'],
    ['scenarios/cassandra/a.scenario.ts', '../../lib/model/b.ts', 'scenarios import only fixtures'],
    ['scenarios/cassandra/a.scenario.ts', './b.scenario.ts', 'scenarios import only fixtures'],
    ['fixtures/a.ts', '../lib/cli/main.ts', 'fixtures import only'],
    ['lib/novel/a.ts', '../model/b.ts', 'lib/novel is not on the map'],
    ['lib/engine/a.ts', 'cassandra-driver', 'only lib/databases may import this package'],
    ['lib/databases/a.ts', 'mysql2/promise', 'mysql2 is not among the dependencies'],
    ['lib/engine/a.ts', 'fast-check', 'fast-check is not among the dependencies'],
    ['lab/ec2/a.ts', 'zod', 'zod is not among the dependencies of lab/package.json'],
  ])('reports %s importing %s', (from, to, why) => {
    plant(from, `import type { X } from '${to}'\nexport type Y = X\n`)
    const { faults } = checkImports(root)
    expect(faults).toHaveLength(1)
    expect(faults[0]).toContain(`${from}:1 imports `)
    expect(faults[0]).toContain(why)
  })

  it.each([
    ['scenarios/cassandra/a.scenario.ts', '../../fixtures/b.ts'],
    ['fixtures/a.ts', '../lib/engine/b.ts'],
    ['lib/engine/a.ts', '../faults/b.ts'],
    ['lib/faults/a.ts', '../aws/b.ts'],
    ['lib/faults/a.ts', './b.ts'],
    ['lib/databases/cassandra/a.ts', 'cassandra-driver'],
    ['lib/checkers/a.test.ts', 'fast-check'],
    ['lib/engine/a.ts', 'node:fs'],
    ['lab/ec2/a.ts', '@grpc/grpc-js/build/x.js'],
    ['lab/ec2/a.ts', '../std/b.ts'],
  ])('lets %s import %s', (from, to) => {
    plant(from, `import type { X } from '${to}'\nexport type Y = X\n`)
    expect(checkImports(root)).toEqual({ files: 1, faults: [] })
  })

  it('leaves node_modules alone', () => {
    plant('lab/node_modules/x/a.ts', `import '../../../lib/model/b.ts'`)
    expect(checkImports(root)).toEqual({ files: 0, faults: [] })
  })
})

describe('importsOf', () => {
  it('sees every way to import, and no text that only looks like one', () => {
    const source = [
      `import a from './1.ts'`,
      `import type { B } from './2.ts'`,
      `export { c } from './3.ts'`,
      `export * from './4.ts'`,
      `const d = async () => (await import('./5.ts')).d satisfies number`,
      `let e: import('./6.ts').E`,
      `import './7.ts'`,
      `// import './no.ts'`,
      `const text = "import './no.ts'" + a + d + e`,
    ].join('\n')
    expect(importsOf('lib/x/y.ts', source).map(({ to, line }) => [to, line])).toEqual(
      Array.from({ length: 7 }, (_, i) => [`lib/x/${i + 1}.ts`, i + 1]),
    )
  })
})
