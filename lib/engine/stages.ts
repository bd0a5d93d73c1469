import { type BlastRadius, radiiOverlap, radiusOf } from '../model/blast-radius.ts'
import type { ScenarioInfo } from '../model/scenario.ts'
import type { PlacedFile, Stage } from '../model/stage.ts'
import { slug } from '../std/ids.ts'
import { fileStem } from './collect.ts'

export interface StagesOptions {
  /** At most so many files at a time. */
  readonly parallel: number
  /** The run's namespace. */
  readonly namespace: string
  readonly runId: string
}

const MAX_NAMESPACE_LENGTH = 63

/**
 * In which order the files of a run come, and which may run side by side: those whose blast radii
 * don't overlap, first, each in a namespace of its own, those that usually take longest at the
 * beginning; then the others, one at a time, in their order and in the run's namespace. Where
 * there are no two to run at once, all is one stage in the order of the scenarios.
 */
export function planStages(selected: readonly ScenarioInfo[], options: StagesOptions): Stage[] {
  const files = filesOf(selected)
  const together = filesThatMayOverlap(selected)
  if (options.parallel < 2 || together.length < 2) {
    return [{ atOnce: 1, files: files.map(({ file }) => place(file, options.namespace)) }]
  }
  const alone = files.filter(({ file }) => !together.includes(file))
  const longestFirst = files
    .filter(({ file }) => together.includes(file))
    .toSorted((a, b) => b.typicalSeconds - a.typicalSeconds)
  return [
    {
      atOnce: Math.min(options.parallel, together.length),
      files: longestFirst.map(({ file }, index) => place(file, ownNamespace(file, index, options))),
    },
    ...(alone.length === 0
      ? []
      : [{ atOnce: 1, files: alone.map(({ file }) => place(file, options.namespace)) }]),
  ]
}

/** Files of which any two may run at the same time, in the order of the scenarios. */
export function filesThatMayOverlap(selected: readonly ScenarioInfo[]): string[] {
  return filesOf(selected)
    .filter(({ radius }) => !radiiOverlap(radius, radius))
    .map(({ file }) => file)
}

/** Where a file is; undefined when it is in no stage. */
export function placeOfFile(stages: readonly Stage[], file: string): PlacedFile | undefined {
  return stages.flatMap(({ files }) => files).find((placed) => placed.file === file)
}

/** All namespaces that the files are in, each once. */
export function namespacesOf(stages: readonly Stage[]): string[] {
  return [...new Set(stages.flatMap(({ files }) => files.map(({ namespace }) => namespace)))]
}

interface FileFacts {
  readonly file: string
  readonly radius: BlastRadius
  readonly typicalSeconds: number
}

function filesOf(selected: readonly ScenarioInfo[]): FileFacts[] {
  return [...Map.groupBy(selected, ({ file }) => file)].map(([file, infos]) => ({
    file,
    radius: radiusOf(infos.map(({ options }) => options)),
    typicalSeconds: infos.reduce((sum, { options }) => sum + (options.typicalSeconds ?? 0), 0),
  }))
}

function place(file: string, namespace: string): PlacedFile {
  return { file, namespace }
}

/** `demo-k3f9-1-clients`: of this run, of this file, and no other's even when it has to be cut. */
function ownNamespace(file: string, index: number, { namespace, runId }: StagesOptions): string {
  const run = namespace.endsWith(runId) ? '' : `-${runId.slice(-4)}`
  const end = `${run}-${index + 1}-${slug(fileStem(file).split('/').at(-1) ?? '', 20)}`
  return `${namespace.slice(0, MAX_NAMESPACE_LENGTH - end.length)}${end}`.replace(/-$/, '')
}
