import { z } from 'zod'

/** Descriptors that the daemon inherits: sockets opened in the host's network, and its progress. */
export const DESCRIPTORS = { apiServer: 3, ec2: 4, progress: 5 } as const

/** What the launcher tells the daemon, in `ZONEFALL_LAB_CONFIG`. */
export const daemonConfig = z.strictObject({
  name: z.string(),
  zones: z.int(),
  timers: z.enum(['eks', 'short']),
  seed: z.string(),
  /** Ports on the host's 127.0.0.1 behind the inherited sockets. */
  ports: z.strictObject({ apiServer: z.int(), ec2: z.int() }),
  /** The daemon goes when its standard input ends. */
  tied: z.boolean(),
  artifacts: z.strictObject({
    binaries: z.string(),
    nodeRootfs: z.string(),
    imageLayouts: z.array(z.string()),
    ami: z.string(),
    driver: z.string(),
  }),
  upstreamDriver: z.string().optional(),
})
export type DaemonConfig = z.infer<typeof daemonConfig>

/** A step of the boot as the screen shows it; one line of the progress stream. */
export type BootEvent =
  | { step: string; state: 'begin'; text: string }
  | { step: string; state: 'end' | 'fail'; text: string; elapsedMs: number }
  | { ready: true }
  | { error: string; hint?: string; log?: string }
