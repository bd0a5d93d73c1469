import { globSync } from 'node:fs'

/** One part of `npm run check`. */
export interface CheckStep {
  readonly name: string
  /** What it makes sure of, for `--help`. */
  readonly about: string
  /** A program of `node_modules/.bin` or of the PATH, and its arguments. */
  readonly command: readonly [string, ...string[]]
  /** `step`: one check, by the exit code. `vitest`: its tests, by the JSON reporter. */
  readonly counts: 'step' | 'vitest'
  /** After this long it is stopped and has failed. */
  readonly limitMs: number
  /** Why it can't run here, if it can't. */
  readonly skip?: () => string | undefined
}

const MINUTE_MS = 60_000

/** All steps, the quick ones first. `sabotage` is where planted defects must turn scenarios red. */
export function checkSteps(root: string): readonly CheckStep[] {
  const quick = { counts: 'step', limitMs: 5 * MINUTE_MS } as const
  const lab = { counts: 'vitest', limitMs: 90 * MINUTE_MS } as const
  const labConfig = ['--config', 'vitest.lab.config.ts'] as const
  return [
    {
      name: 'format',
      about: 'the sources are formatted (npm run format mends it)',
      command: ['oxfmt', '--check', '.'],
      ...quick,
    },
    {
      name: 'lint',
      about: 'no finding of the linter, type-aware rules included',
      command: ['oxlint', '--type-aware', '--deny-warnings'],
      ...quick,
    },
    { name: 'types', about: 'the sources type-check', command: ['tsc', '-p', '.'], ...quick },
    {
      name: 'imports',
      about: 'imports run one way, as docs/architecture.md says',
      command: ['node', 'lib/cli/check/imports.ts'],
      ...quick,
    },
    {
      name: 'docs',
      about: 'documents name only what exists; no file is too long or bound to one machine',
      command: ['node', 'lib/cli/check/docs.ts'],
      ...quick,
    },
    {
      name: 'unit',
      about: 'the tests beside the sources (*.test.ts)',
      command: ['vitest', 'run', ...vitestReporters('unit')],
      counts: 'vitest',
      limitMs: 15 * MINUTE_MS,
    },
    {
      name: 'lab',
      about: 'the tests that boot a lab (*.lab.test.ts)',
      command: ['vitest', 'run', ...labConfig, '--project', 'lab', ...vitestReporters('lab')],
      ...lab,
      skip: () => whyNoLab() ?? whyNoTests(root, '*.lab.test.ts', '.sabotage.lab.test.ts'),
    },
    {
      name: 'sabotage',
      about: 'planted defects turn the right scenarios red (*.sabotage.lab.test.ts)',
      command: [
        'vitest',
        'run',
        ...labConfig,
        '--project',
        'sabotage',
        ...vitestReporters('sabotage'),
      ],
      ...lab,
      skip: () => whyNoLab() ?? whyNoTests(root, '*.sabotage.lab.test.ts'),
    },
  ]
}

/** Where a step's files are, from the project's root. */
export function stepFile(step: string, extension: 'log' | 'json'): string {
  return `reports/check/${step}.${extension}`
}

function vitestReporters(step: string): string[] {
  return ['--reporter=default', '--reporter=json', `--outputFile.json=${stepFile(step, 'json')}`]
}

function whyNoLab(): string | undefined {
  if (process.platform !== 'linux') return `the lab needs Linux, and this is ${process.platform}`
  return process.getuid?.() === 0 ? undefined : 'the lab needs root: sudo npm run check'
}

function whyNoTests(root: string, pattern: string, but?: string): string | undefined {
  const found = globSync(`{lib,lab,fixtures,bench}/**/${pattern}`, {
    cwd: root,
    exclude: ['**/node_modules/**'],
  }).filter((file) => but === undefined || !file.endsWith(but))
  return found.length === 0 ? `there is no ${pattern} yet` : undefined
}
