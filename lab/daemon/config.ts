import { z } from 'zod'

/** Descriptors that the daemon inherits: sockets opened in the host's network, and its progress. */
export const DESCRIPTORS = { apiServer: 3, ec2: 4, progress: 5 } as const

/** `throttled`: RequestLimitExceeded now and then; `eventual`: answers may be behind. */
export const EC2_TRAITS = ['throttled', 'eventual'] as const
export type Ec2Trait = (typeof EC2_TRAITS)[number]

/** What the launcher tells the daemon, in `ZONEFALL_LAB_CONFIG`. */
export const daemonConfig = z.strictObject({
  name: z.string(),
  zones: z.int(),
  /** EC2's type of the machines. */
  instanceType: z.string(),
  timers: z.enum(['eks', 'short']),
  seed: z.string(),
  /** Whether its API throttles calls and answers late, as EC2's does. */
  ec2: z.array(z.enum(EC2_TRAITS)),
  /** JSON of the policy that the key outside the lab has; without one it may do everything. */
  iamPolicy: z.string().optional(),
  /** Ports on the host's 127.0.0.1 behind the inherited sockets. */
  ports: z.strictObject({ apiServer: z.int(), ec2: z.int() }),
  /** The daemon goes when its standard input ends. */
  tied: z.boolean(),
  artifacts: z.strictObject({
    binaries: z.string(),
    nodeRootfs: z.string(),
    cassandraRootfs: z.string(),
    imageLayouts: z.array(z.string()),
    ami: z.string(),
    driver: z.string(),
  }),
  upstreamDriver: z.string().optional(),
})
export type DaemonConfig = z.infer<typeof daemonConfig>

/** A step of the boot as the screen shows it; one line of the progress stream. */
export const bootEvent = z.union([
  z.object({ step: z.string(), state: z.literal('begin'), text: z.string() }),
  z.object({
    step: z.string(),
    state: z.enum(['end', 'fail']),
    text: z.string(),
    elapsedMs: z.number(),
  }),
  z.object({ ready: z.literal(true) }),
  z.object({ error: z.string(), hint: z.string().optional(), log: z.string().optional() }),
])
export type BootEvent = z.infer<typeof bootEvent>

/** Written beside a lab, so that any later command finds its outermost process. */
export const daemonRecord = z.object({
  pid: z.int(),
  /** Field 22 of /proc/PID/stat: a pid alone may be somebody else's by now. */
  startTime: z.string(),
  ports: z.object({ apiServer: z.int(), ec2: z.int() }),
})
export type DaemonRecord = z.infer<typeof daemonRecord>
