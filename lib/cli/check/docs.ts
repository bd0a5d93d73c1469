import { execFileSync } from 'node:child_process'
import { existsSync, globSync, readFileSync, realpathSync } from 'node:fs'
import { homedir } from 'node:os'
import { basename, dirname, extname, join, normalize, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { commandFaults, knownCommands } from './commands.ts'

/** Longer files do more than one thing. */
const MAX_LINES = 400
const TEXTS = new Set(
  '.ts .js .cjs .mjs .md .yaml .yml .json .sh .go .xml .conf .toml .proto .service'.split(' '),
)
const UNBOUNDED = new Set(['package-lock.json', 'go.sum'])
const SKIPPED = [
  '**/node_modules/**',
  '.git/**',
  'reports/!(README.md)/**',
  'reports/!(README.md)',
  'coverage/**',
]
/** A file of the project named in a document, in backticks. */
const NAMED_FILE =
  /`((?:lib|lab|docs|fixtures|scenarios|manifests|bench)\/[\w./-]+\.(?:ts|md|yaml|go|sh|json))`/g
const NAMED_SCRIPT = /\bnpm run ([\w:-]+)/g
const LINK = /\[[^\]]*\]\(([^)\s]+)\)/g

/** Texts whose command lines people type, or machines run. */
const HAS_COMMANDS = /\.md$|^docs\/.*\.ya?ml$/

/** What the checks are told about the machine they run on. */
export interface DocsContext {
  /** Folders that this machine has and no other: the project's own, the user's home. */
  readonly folders: readonly string[]

  /** Hosts that this machine takes packages from in the place of the public ones. */
  readonly mirrorHosts: readonly string[]
}

/** All that is wrong with a project's texts, a sentence each: `docs/a.md:3 …`. */
export function checkDocs(
  root: string,
  context: DocsContext,
): { readonly files: number; readonly faults: string[] } {
  const files = globSync(['**/*', '.*', '.ci/*'], { cwd: root, exclude: SKIPPED })
    .map((file) => file.split(sep).join('/'))
    .filter((file) => TEXTS.has(extname(file)) || file === '.ci/run')
    .toSorted()
  const scripts = scriptNames(root)
  const commands = knownCommands()
  const faults = files.flatMap((file) => {
    const text = readFileSync(join(root, file), 'utf8')
    return [
      ...lengthFaults(file, text),
      ...hostFaults(file, text, context),
      ...(extname(file) === '.md' ? documentFaults(root, file, text, scripts) : []),
      ...(HAS_COMMANDS.test(file)
        ? commandFaults(text, commands).map(({ line, fault }) => `${file}:${line} ${fault}`)
        : []),
    ]
  })
  return { files: files.length, faults }
}

function lengthFaults(file: string, text: string): string[] {
  const lines = text.split('\n').length - (text.endsWith('\n') ? 1 : 0)
  return lines <= MAX_LINES || UNBOUNDED.has(basename(file))
    ? []
    : [`${file} has ${lines} lines, more than ${MAX_LINES}: split it by what it does`]
}

/** What ties the project to one machine: folders of it, and the mirrors that its clients use. */
function hostFaults(file: string, text: string, context: DocsContext): string[] {
  return eachLine(text).flatMap(([line, number]) => {
    const path = context.folders.find((folder) => line.includes(folder))
    const host = context.mirrorHosts.find((name) => line.includes(name))
    return [
      ...(path === undefined ? [] : [`${file}:${number} names a folder of one machine: ${path}`]),
      ...(host === undefined ? [] : [`${file}:${number} names a mirror that only some can reach`]),
    ]
  })
}

/** Claims that a document makes about the project and that can be looked up. */
function documentFaults(
  root: string,
  file: string,
  text: string,
  scripts: ReadonlySet<string>,
): string[] {
  return eachLine(text).flatMap(([line, number]) => {
    const links = [...line.matchAll(LINK)].map(([, target]) => linkFault(root, file, target ?? ''))
    const named = [...line.matchAll(NAMED_FILE)].map(([, path]) =>
      path === undefined || existsSync(join(root, path))
        ? undefined
        : `names ${path}, which does not exist`,
    )
    const runs = [...line.matchAll(NAMED_SCRIPT)].map(([, script]) =>
      script === undefined || scripts.has(script)
        ? undefined
        : `names npm run ${script}, which package.json does not have`,
    )
    return [...links, ...named, ...runs].flatMap((fault) =>
      fault === undefined ? [] : [`${file}:${number} ${fault}`],
    )
  })
}

function linkFault(root: string, file: string, target: string): string | undefined {
  if (/^[a-z]+:/.test(target)) return undefined
  const [path = '', anchor] = target.split('#')
  const linked = path === '' ? file : normalize(join(dirname(file), path))
  const absolute = join(root, linked)
  if (!existsSync(absolute)) return `links to ${target}, which does not exist`
  if (anchor === undefined || extname(linked) !== '.md') return undefined
  const anchors = eachLine(readFileSync(absolute, 'utf8'))
    .filter(([line]) => /^#{1,6} /.test(line))
    .map(([line]) => anchorOf(line))
  return anchors.includes(anchor) ? undefined : `links to ${target}, which has no such heading`
}

/** GitHub's anchor of a heading. */
function anchorOf(heading: string): string {
  return heading
    .replace(/^#+ /, '')
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-')
}

function eachLine(text: string): [string, number][] {
  return text.split('\n').map((line, index) => [line, index + 1])
}

function scriptNames(root: string): ReadonlySet<string> {
  const path = join(root, 'package.json')
  const content: unknown = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {}
  const scripts =
    typeof content === 'object' && content !== null && 'scripts' in content ? content.scripts : {}
  return new Set(Object.keys(typeof scripts === 'object' && scripts !== null ? scripts : {}))
}

const PUBLIC_HOSTS = /(^|\.)(npmjs\.org|golang\.org|maven\.org|debian\.org|apache\.org)$/

/** Hosts that the clients' settings put in the place of the public registries. */
export function mirrorHosts(settings: readonly string[]): string[] {
  const hosts = settings
    .flatMap((setting) => setting.split(/[,|\s]+/))
    .flatMap((url) => (URL.canParse(url) ? [new URL(url).hostname] : []))
    .filter((host) => host !== '' && host !== 'localhost' && !host.startsWith('127.'))
  return [...new Set(hosts)].filter((host) => !PUBLIC_HOSTS.test(host))
}

function settingsOfThisMachine(): string[] {
  const ask = (command: string, ...args: string[]): string => {
    try {
      return execFileSync(command, args, {
        encoding: 'utf8',
        timeout: 20_000,
        stdio: ['ignore', 'pipe', 'ignore'],
      })
    } catch {
      return '' // The client is not installed, so nothing of it can have been written down.
    }
  }
  return [ask('npm', 'config', 'get', 'registry'), ask('go', 'env', 'GOPROXY')]
}

/** `node lib/cli/check/docs.ts`: prints what is wrong; exit code 1 if anything is. */
function main(): void {
  const root = join(dirname(fileURLToPath(import.meta.url)), '../../..')
  const { files, faults } = checkDocs(root, {
    // Root's home is the same on every machine, and images have one too.
    folders: [root, homedir()].filter((folder) => !['/', '/root'].includes(folder)),
    mirrorHosts: mirrorHosts(settingsOfThisMachine()),
  })
  if (files === 0) faults.push('no text was found, so nothing was checked')
  for (const fault of faults) console.error(fault)
  console.log(`${files} files, ${faults.length} faults`)
  process.exitCode = faults.length === 0 ? 0 : 1
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === import.meta.filename) main()
