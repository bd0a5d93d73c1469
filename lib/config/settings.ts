import { z } from 'zod'
import type { AccessBySystem } from '../model/database-access.ts'
import { FAULT_NAMES } from '../model/scenario.ts'
import { DEFAULT_RULES, type SafetyRules } from '../model/safety-rules.ts'

/** A name that Kubernetes takes for objects. */
const objectName = z
  .string()
  .regex(/^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/, 'is no name that Kubernetes takes')

const pattern = z.string().refine((text) => {
  try {
    return new RegExp(text, 'i') instanceof RegExp
  } catch {
    return false
  }
}, 'is no regular expression')

const duration = z
  .string()
  .regex(/^(?!0+(\.0+)?[smh])\d+(\.\d+)?[smh]$/, 'must be a time like 90s, 20m or 2h')

const secretKey = z.string().regex(/^[-._a-zA-Z0-9]{1,253}$/, 'is no key that a Secret can have')

/** Secrets are named, never written down: one of type kubernetes.io/basic-auth has these keys. */
const credentials = z.strictObject({
  secret: objectName,
  /** The name itself, where the Secret holds a password alone. */
  username: z.string().min(1).exactOptional(),
  usernameKey: secretKey.default('username'),
  passwordKey: secretKey.default('password'),
})

const tls = z
  .strictObject({
    /** As cert-manager makes them. */
    secret: objectName,
    /** Of the CA that has signed the server's certificate. */
    caKey: secretKey.default('ca.crt'),
    /** Of the client's own certificate, for a server that asks for one: `tls.crt` and `tls.key`. */
    certKey: secretKey.exactOptional(),
    keyKey: secretKey.exactOptional(),
    /** What the server's certificate has to be for; without it: anything that the CA has signed. */
    serverName: z.string().min(1).exactOptional(),
  })
  .refine(({ certKey, keyKey }) => (certKey === undefined) === (keyKey === undefined), {
    message: 'needs certKey and keyKey together, or neither',
  })

const database = z.strictObject({
  /** Your own manifests in place of `manifests/NAME`. */
  manifests: z.string().exactOptional(),
  credentials: credentials.exactOptional(),
  tls: tls.exactOptional(),
})

/** Folders of `manifests/`: the ways in which databases are set up. */
const SETUPS = [
  'cassandra',
  'cassandra-zone-aware',
  'cassandra-migrated',
  'mysql',
  'mysql-semisync',
] as const

/**
 * What a `zonefall.config.ts` holds. Every setting is optional; unknown ones are refused, so that a
 * typing error does not switch a guard off.
 */
export const settingsSchema = z.strictObject({
  /** Where to run unless `--target` says otherwise. */
  target: z.enum(['lab', 'kubeconfig', 'eks']).exactOptional(),
  kubeconfig: z.string().exactOptional(),
  /**
   * What `--context` has to be. The context itself is named on the command line, always: a cluster
   * is not touched because a file lies about.
   */
  context: z.string().exactOptional(),
  /** What the cluster of the context has to be; another one is refused. */
  cluster: z
    .strictObject({
      name: z.string().exactOptional(),
      region: z.string().exactOptional(),
      account: z
        .string()
        .regex(/^\d{12}$/, 'must be 12 digits in quotes')
        .exactOptional(),
    })
    .exactOptional(),
  /** The AWS profile, where it isn't AWS_PROFILE's or the context's. */
  profile: z.string().exactOptional(),
  /** Node groups in scope; they must be in the consent too. */
  nodeGroups: z.array(z.string().min(1)).min(1).exactOptional(),
  /** For what is deployed; default: one of the run's own. */
  namespace: objectName.max(63).exactOptional(),
  images: z
    .strictObject({
      /** `registry.example.com/mirror`: images are pulled from there, under the names they have. */
      mirror: z
        .string()
        .regex(/^[a-z0-9.-]+(:\d+)?(\/[a-z0-9._/-]+)?$/, 'must be like registry.example.com/mirror')
        .exactOptional(),
      /**
       * A Secret of type kubernetes.io/dockerconfigjson in namespace zonefall, which a run copies;
       * with `namespace` in that one.
       */
      pullSecret: objectName.exactOptional(),
    })
    .exactOptional(),
  databases: z.partialRecord(z.enum(SETUPS), database).exactOptional(),
  /**
   * A Cassandra on EC2 instances for the scenarios of migrations, which write to it, drain it and
   * restart it: never one that anybody needs.
   */
  legacy: z
    .strictObject({
      /** In the order of the pods that they are to become: one in each zone. */
      instances: z.array(z.string().regex(/^i-[0-9a-f]+$/, 'is no id of an instance')).min(1),
      /** Runs a command on an instance: `ssh ec2-user@{address} sudo`. */
      onInstance: z.string().min(1),
      /** Restarts the database there: `systemctl restart cassandra`. */
      restart: z.string().min(1),
      /** Folder of its files. */
      data: z.string().startsWith('/', 'must be an absolute path').default('/var/lib/cassandra'),
    })
    .exactOptional(),
  /** Faults that may be injected; they must be in the consent too. */
  faults: z.array(z.enum(FAULT_NAMES)).exactOptional(),
  budgets: z
    .strictObject({
      usd: z.number().nonnegative().exactOptional(),
      timeLimit: duration.exactOptional(),
      /** How many nodes one fault may hit at once; default 10. */
      maxBlastRadius: z.int().positive().exactOptional(),
    })
    .exactOptional(),
  production: z
    .strictObject({
      keys: z.array(z.string().min(1)).exactOptional(),
      values: pattern.exactOptional(),
      names: pattern.exactOptional(),
    })
    .exactOptional(),
})

/** What a `zonefall.config.ts` comes to. */
export type Settings = z.infer<typeof settingsSchema>

/** How the databases want to be spoken to, by the name of their setup. */
export function accessOf({ databases = {} }: Settings): AccessBySystem {
  return Object.fromEntries(
    Object.entries(databases).flatMap(([name, { credentials, tls }]) =>
      credentials === undefined && tls === undefined
        ? []
        : [
            [
              name,
              {
                ...(credentials === undefined ? {} : { credentials }),
                ...(tls === undefined ? {} : { tls }),
              },
            ] as const,
          ],
    ),
  )
}

/** The rules that settings make for a shared target. */
export function rulesOf(settings: Settings): SafetyRules {
  const { context, cluster = {}, nodeGroups, faults, budgets, production } = settings
  const { name, region, account } = cluster
  return {
    maxBlastRadius: budgets?.maxBlastRadius ?? DEFAULT_RULES.maxBlastRadius,
    production: { ...DEFAULT_RULES.production, ...production },
    ...(nodeGroups === undefined ? {} : { nodeGroups }),
    ...(faults === undefined ? {} : { faults }),
    expected: {
      ...(context === undefined ? {} : { context }),
      ...(name === undefined ? {} : { cluster: name }),
      ...(region === undefined ? {} : { region }),
      ...(account === undefined ? {} : { account }),
    },
  }
}
