/**
 * Which folder may import which (docs/architecture.md). dependency-cruiser reads TypeScript up to
 * version 6 and finds no module at all with 7, so the rules are ours.
 */

const LEAVES = ['model', 'std'] as const
const ACCESS = ['kube', 'aws', ...LEAVES] as const
const PARTS = [
  'targets',
  'faults',
  'probes',
  'databases',
  'workloads',
  'checkers',
  'report',
  'agent',
  'cost',
  'migrate',
] as const

/** Folders of `lib/` and what of `lib/` each may import beside itself. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  model: [],
  std: [],
  kube: LEAVES,
  aws: LEAVES,
  checkers: LEAVES,
  workloads: LEAVES,
  config: LEAVES,
  cost: LEAVES,
  targets: ACCESS,
  faults: ACCESS,
  probes: ACCESS,
  databases: ACCESS,
  report: ACCESS,
  migrate: ACCESS,
  // A process inside the cluster that runs a workload against a database, and the way to it.
  agent: ['workloads', 'databases', 'kube', ...LEAVES],
  engine: [...PARTS, ...ACCESS],
  cli: ['engine', 'config', ...PARTS, ...ACCESS],
}

/** The only folders that may import a package, or a package whose name begins so. */
const PACKAGES_AT_HOME: readonly (readonly [RegExp, string])[] = [
  [/^(cassandra-driver|mysql2)(\/|$)/, 'lib/databases'],
]

/** An import, with paths from the project's root and `/` between their parts. */
export interface Import {
  readonly from: string
  readonly line: number
  /** A path of the project, or a package's specifier. */
  readonly to: string
  readonly kind: 'file' | 'package'
}

/** What is wrong with an import, as the end of a sentence; undefined when nothing is. */
export function importFault(one: Import): string | undefined {
  return one.kind === 'package' ? packageFault(one) : fileFault(one)
}

function packageFault({ from, to }: Import): string | undefined {
  const home = PACKAGES_AT_HOME.find(([name]) => name.test(to))?.[1]
  return home === undefined || from.startsWith(`${home}/`)
    ? undefined
    : `only ${home} may import this package`
}

// oxlint-disable-next-line typescript/consistent-return -- `undefined` is one of the answers
function fileFault({ from, to }: Import): string | undefined {
  const [fromTop = '', fromFolder = ''] = from.split('/')
  const [toTop = '', toFolder = ''] = to.split('/')
  if (!to.includes('/')) return undefined // package.json and settings at the root
  if (!from.includes('/')) return undefined
  switch (fromTop) {
    case 'lab':
      return toTop === 'lab' ? undefined : 'lab imports nothing but itself'
    case 'scenarios':
      return toTop === 'fixtures' ? undefined : 'scenarios import only fixtures'
    case 'fixtures':
      return toTop === 'fixtures' || (toTop === 'lib' && toFolder !== 'cli')
        ? undefined
        : 'fixtures import only the engine and what is below it'
    case 'bench':
      return toTop === 'bench' || toTop === 'lib' ? undefined : 'bench imports only lib'
    case 'lib':
      return toTop === 'lib'
        ? layerFault(fromFolder, toFolder)
        : toTop === 'lab'
          ? 'lib reaches the lab only by its command line'
          : `lib imports nothing of ${toTop}`
    default:
      return `${fromTop}/ is not on the map: give it a place in docs/architecture.md and here`
  }
}

function layerFault(from: string, to: string): string | undefined {
  if (from === to) return undefined
  const allowed = MAY_IMPORT[from]
  if (allowed === undefined) {
    return `lib/${from} is not on the map: give it a place in docs/architecture.md and here`
  }
  if (allowed.includes(to)) return undefined
  return allowed.length === 0
    ? `${from} depends on nothing`
    : `${from} may import only ${allowed.join(', ')}`
}
