/** What is known when a config file is written. */
export interface TemplateFacts {
  readonly target?: 'eks' | 'kubeconfig'
  readonly context?: string
  readonly clusterName?: string
  readonly region?: string
  readonly account?: string
  readonly nodeGroups?: readonly string[]
}

/** A `zonefall.config.ts` with every setting that there is, explained; unknown ones commented out. */
export function configTemplate(facts: TemplateFacts = {}): string {
  const { target, context, clusterName, region, account, nodeGroups } = facts
  const line = (name: string, value: string | undefined, example: string): string =>
    value === undefined ? `// ${name}: ${quote(example)},` : `${name}: ${quote(value)},`
  const groups = nodeGroups ?? []
  return `import { defineConfig } from 'zonefall/config'

/**
 * What holds for all runs from this folder. Flags come first, then the environment (ZONEFALL_*),
 * then this. Everything here is optional, and can only narrow what the cluster's consent allows.
 */
export default defineConfig({
  // Where to run without --target: 'lab', 'eks', or 'kubeconfig' (any cluster, without EC2).
  ${line('target', target, 'eks')}

  // Default: KUBECONFIG, then ~/.kube/config.
  // kubeconfig: './staging.kubeconfig',
  // What --context has to be. It is still named on the command line, always.
  ${line('context', context, 'staging')}
  // What has to be behind it; anything else is refused.
  cluster: {
    ${line('name', clusterName, 'staging')}
    ${line('region', region, 'us-east-1')}
    ${line('account', account, '123456789012')}
  },
  // The AWS profile, if it isn't AWS_PROFILE's or the one with which the context gets its tokens.
  // profile: 'staging',

  // Node groups in scope, of those that the consent names; nodes of others are not touched.
  ${groups.length === 0 ? "// nodeGroups: ['chaos']," : `nodeGroups: [${groups.map(quote).join(', ')}],`}
  // Faults that may be injected, of those that the consent allows; npx zonefall list names them.
  // faults: ['cordon-zone', 'delete-pod', 'power-cut', 'zone-outage'],

  // An existing namespace to use. Without it each run makes one of its own, and deletes it.
  // namespace: 'chaos',

  images: {
    // Images are pulled from here, under the names that they have in manifests.
    // mirror: '123456789012.dkr.ecr.us-east-1.amazonaws.com/mirror',
    // A Secret of type kubernetes.io/dockerconfigjson in the namespace zonefall, which a run
    // copies into its own; with \`namespace\` in that one.
    // pullSecret: 'mirror-pull',
  },

  databases: {
    cassandra: {
      // Your own manifests in place of manifests/cassandra.
      // manifests: './deploy/cassandra',
      // Who the clients are, and how they are encrypted: in Secrets, of which only the names stand
      // here. A run looks for them in its manifests and where the database goes, or copies them
      // from the namespace zonefall. The keys are those of kubernetes.io/basic-auth and cert-manager.
      // credentials: { secret: 'cassandra-login', usernameKey: 'username', passwordKey: 'password' },
      // tls: { secret: 'cassandra-tls', caKey: 'ca.crt', certKey: 'tls.crt', keyKey: 'tls.key' },
    },
    // The same for mysql; one Secret may hold a password alone.
    // mysql: { credentials: { secret: 'mysql-root', username: 'root' } },
  },

  // A Cassandra on EC2 instances outside the cluster, one in each zone, for the scenarios of
  // migrations. They write to it, drain it and restart it: never name one that anybody needs.
  // legacy: {
  //   instances: ['i-0aaaaaaaaaaaaaaaa', 'i-0bbbbbbbbbbbbbbbb', 'i-0cccccccccccccccc'],
  //   onInstance: 'ssh ec2-user@{address} sudo',
  //   restart: 'systemctl restart cassandra',
  //   data: '/var/lib/cassandra',
  // },

  budgets: {
    // A run that may cost more, the hours of its cluster included, is refused.
    // usd: 5,
    // Then it stops, undoes everything and reports.
    // timeLimit: '2h',
    // How many nodes one fault may hit at once.
    // maxBlastRadius: 10,
  },

  // What is production, in any case: tags and labels of clusters, nodes, volumes and namespaces by
  // their keys and values, and names of contexts, clusters, node groups and namespaces. A run that
  // would touch any of it is refused.
  production: {
    // keys: ['environment', 'env', 'stage'],
    // values: '^prod',
    // names: '(^|[-_./])prod(uction)?([-_./]|$)',
  },
})
`
}

function quote(text: string): string {
  return `'${text.replaceAll(/['\\]/g, String.raw`\$&`)}'`
}
