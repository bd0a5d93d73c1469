import { existsSync, globSync, readFileSync, realpathSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { dirname, join, posix, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseAst } from 'vitest/node'
import { type Import, importFault } from './import-rules.ts'

const SOURCES = ['{lib,lab,fixtures,scenarios,bench}/**/*.ts', '*.ts']
const SKIPPED = ['**/node_modules/**', '**/testdata/**']

/** All that is wrong with the imports of a project, a sentence each: `lib/a/b.ts:3 imports …`. */
export function checkImports(root: string): { readonly files: number; readonly faults: string[] } {
  const files = globSync(SOURCES, { cwd: root, exclude: SKIPPED }).toSorted()
  const faults = files.flatMap((file) => {
    const path = file.split(sep).join('/')
    return importsOf(path, readFileSync(join(root, file), 'utf8')).flatMap((one) => {
      const why = importFault(one) ?? packageJsonFault(root, one)
      return why === undefined ? [] : [`${one.from}:${one.line} imports ${one.to}: ${why}`]
    })
  })
  return { files: files.length, faults }
}

/**
 * What a source imports: `import`, `export … from`, `import()`, `import('…').Type`, `import x =
 * require()`, for types too. Built-in modules are left out. Only literal names count.
 *
 * @param path of the file from the project's root, with `/`
 * @throws the parser's error when the source is no TypeScript
 */
export function importsOf(path: string, source: string): Import[] {
  const found: Import[] = []
  visit(parseAst(source, { lang: 'ts' }), (specifier, start) => {
    if (isBuiltin(specifier)) return
    const line = source.slice(0, start).split('\n').length
    found.push(
      specifier.startsWith('.')
        ? { from: path, line, to: posix.join(posix.dirname(path), specifier), kind: 'file' }
        : { from: path, line, to: specifier, kind: 'package' },
    )
  })
  return found
}

/** Kinds of nodes that name a module, and the field that holds the name. */
const NAMING: Readonly<Record<string, string>> = {
  ImportDeclaration: 'source',
  ExportAllDeclaration: 'source',
  ExportNamedDeclaration: 'source',
  ImportExpression: 'source',
  TSImportType: 'source',
  TSExternalModuleReference: 'expression',
}

function visit(node: unknown, tell: (specifier: string, start: number) => void): void {
  if (Array.isArray(node)) {
    for (const item of node) visit(item, tell)
    return
  }
  if (!isRecord(node)) return
  const name = typeof node['type'] === 'string' ? NAMING[node['type']] : undefined
  const literal = name === undefined ? undefined : node[name]
  if (isRecord(literal) && typeof literal['value'] === 'string') {
    tell(literal['value'], typeof literal['start'] === 'number' ? literal['start'] : 0)
  }
  for (const value of Object.values(node)) visit(value, tell)
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

const TESTING = /\.test\.ts$|\.config\.ts$|^bench\/|\/sample\.ts$/

/**
 * A package has to be listed by the package that imports it, the lab's or the root's: what happens
 * to be in node_modules today is gone tomorrow. What a user runs may not need a devDependency.
 */
function packageJsonFault(root: string, { from, to, kind }: Import): string | undefined {
  if (kind !== 'package') return undefined
  const folder = from.startsWith('lab/') ? 'lab' : '.'
  const name = to.split('/', to.startsWith('@') ? 2 : 1).join('/')
  const own = readPackageJson(join(root, folder))
  const top = readPackageJson(root)
  if (own.dependencies.has(name)) return undefined
  // Development tools stand in the root alone.
  if (TESTING.test(from) && (top.devDependencies.has(name) || top.dependencies.has(name))) {
    return undefined
  }
  const list = join(folder, 'package.json')
  return `${name} is not among the dependencies of ${list}`
}

interface PackageLists {
  readonly dependencies: ReadonlySet<string>
  readonly devDependencies: ReadonlySet<string>
}

const packageLists = new Map<string, PackageLists>()

function readPackageJson(folder: string): PackageLists {
  const path = resolve(folder, 'package.json')
  const known = packageLists.get(path)
  if (known !== undefined) return known
  const content: unknown = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {}
  const names = (field: string): ReadonlySet<string> => {
    const list = isRecord(content) ? content[field] : undefined
    return new Set(isRecord(list) ? Object.keys(list) : [])
  }
  const lists = { dependencies: names('dependencies'), devDependencies: names('devDependencies') }
  packageLists.set(path, lists)
  return lists
}

/** `node lib/cli/check/imports.ts`: prints what is wrong; exit code 1 if anything is. */
function main(): void {
  const root = join(dirname(fileURLToPath(import.meta.url)), '../../..')
  const { files, faults } = checkImports(root)
  if (files === 0) faults.push('no source was found, so nothing was checked')
  for (const fault of faults) console.error(fault)
  console.log(`${files} files, ${faults.length} faults`)
  process.exitCode = faults.length === 0 ? 0 : 1
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === import.meta.filename) main()
