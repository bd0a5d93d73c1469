/** Everything the cache can build. Order is the order of starting: the longest first. */
export const RECIPE_NAMES = [
  'binaries',
  'node-rootfs',
  'debian-packages',
  'infra-images',
  'csi-driver',
  'ebs-csi-image',
  'node-image',
  'cassandra-3.11-image',
  'cassandra-5.0-image',
  'mysql-image',
  'cassandra-rootfs',
  'ami',
] as const
export type RecipeName = (typeof RECIPE_NAMES)[number]

/**
 * Images that are large and that few scenarios need, by the name to ask for them. They are built when
 * asked for and pulled from the registry; all others are built always and unpacked in the AMI.
 */
export const IMAGES_ON_DEMAND = { mysql: 'mysql-image' } as const satisfies Record<
  string,
  RecipeName
>
export type OnDemand = keyof typeof IMAGES_ON_DEMAND

/**
 * How one artifact is made. Its cache key is the digest of `sources`, `parameters` and the keys of
 * what it depends on: whatever else may change the result must be among them.
 */
export interface Recipe {
  readonly name: RecipeName
  /** What it is for, in a few words for the screen. */
  readonly purpose: string
  readonly dependsOn: readonly RecipeName[]
  /** Files and folders, relative to the repository, whose content shapes the result. */
  readonly sources: readonly string[]
  /** Versions and settings, as plain data. */
  readonly parameters: unknown
  /** Commands that must be on PATH, each with what brings it. */
  readonly tools: Readonly<Record<string, string>>
  build(context: BuildContext): Promise<void>
}

/** What a recipe may use while it builds. */
export interface BuildContext {
  /** Empty folder that becomes the artifact when `build` resolves. */
  readonly outDir: string
  /** Empty folder on the same file system, removed afterwards. */
  readonly scratchDir: string
  /** The finished artifact of a recipe in `dependsOn`. */
  input(name: RecipeName): string
  /** Names what happens now, for the screen. */
  step(text: string): void
  /** Runs a command with its output in the build's log; throws an ArtifactError if it fails. */
  run(command: readonly string[], options?: RunOptions): Promise<void>
}

export interface RunOptions {
  readonly cwd?: string
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>>
  /** Default 30 minutes. */
  readonly timeoutMs?: number
}
