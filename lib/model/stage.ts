/** A file of scenarios and the namespace that what it deploys goes to. */
export interface PlacedFile {
  readonly file: string
  readonly namespace: string
}

/** Files that run side by side, so many at a time; one stage comes after another. */
export interface Stage {
  readonly atOnce: number
  readonly files: readonly PlacedFile[]
}

/** The files that may be running while this one does. */
export function filesBeside(stages: readonly Stage[], file: string): readonly PlacedFile[] {
  const stage = stages.find(({ files }) => files.some((placed) => placed.file === file))
  if (!stage || stage.atOnce < 2) return []
  return stage.files.filter((placed) => placed.file !== file)
}

/** Ids of the scenarios that may be running while one of this file does. */
export function scenariosBeside(
  stages: readonly Stage[],
  all: readonly { readonly id: string; readonly file: string }[],
  file: string,
): ReadonlySet<string> {
  const files = new Set(filesBeside(stages, file).map((beside) => beside.file))
  return new Set(all.filter((info) => files.has(info.file)).map(({ id }) => id))
}
