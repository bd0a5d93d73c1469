import { type Cluster, orAbsent, statusOf } from '../../kube/cluster.ts'
import { neededRights, type NeededRight } from '../needed-rights.ts'

/** What the user of a context may not do with one kind of object. */
export interface MissingRight extends NeededRight {
  /** Undefined: in the whole cluster. */
  readonly namespace: string | undefined
}

/**
 * Asks the API server for every right that a run needs.
 *
 * @param namespace that the run is to use; undefined: it makes one of its own
 */
export async function missingRights(
  cluster: Cluster,
  namespace: string | undefined,
): Promise<{ readonly missing: readonly MissingRight[]; readonly asked: number }> {
  const isThere = namespace !== undefined && (await isNamespaceThere(cluster, namespace))
  const rights = neededRights(!isThere)
  const missing: MissingRight[] = []
  for (const right of rights) {
    const where = right.scope === 'namespace' && isThere ? namespace : undefined
    const verbs = await missingVerbs(cluster, right, where)
    if (verbs.length > 0) missing.push({ ...right, verbs, namespace: where })
  }
  return { missing, asked: rights.reduce((sum, { verbs }) => sum + verbs.length, 0) }
}

/** What can't be done, and the rule that allows it. */
export function explainMissing({ group, resource, verbs, purpose, namespace }: MissingRight): {
  readonly text: string
  readonly todo: string
} {
  const [role, where] =
    namespace === undefined
      ? ['ClusterRole', 'in the whole cluster']
      : ['Role', `in namespace ${namespace}`]
  const rule = JSON.stringify({ apiGroups: [group], resources: [resource], verbs })
  return {
    text: `may not ${verbs.join(', ')} ${resource} ${where}, so a run can't ${purpose}`,
    todo: `Add to a ${role} that is bound to the user of this context: ${rule}`,
  }
}

/** Without the right to look, a namespace that somebody names is taken to be there. */
async function isNamespaceThere(cluster: Cluster, name: string): Promise<boolean> {
  try {
    return (await orAbsent(cluster.core.readNamespace({ name }))) !== undefined
  } catch (error) {
    if (statusOf(error) === 403) return true
    throw error
  }
}

async function missingVerbs(
  cluster: Cluster,
  { group, resource: path, verbs }: NeededRight,
  namespace: string | undefined,
): Promise<string[]> {
  const [resource = '', subresource] = path.split('/')
  const answers = await Promise.all(
    verbs.map(async (verb) => {
      const { status } = await cluster.auth.createSelfSubjectAccessReview({
        body: {
          spec: {
            resourceAttributes: {
              group,
              resource,
              verb,
              ...(subresource === undefined ? {} : { subresource }),
              ...(namespace === undefined ? {} : { namespace }),
            },
          },
        },
      })
      return { verb, allowed: status?.allowed === true }
    }),
  )
  return answers.filter(({ allowed }) => !allowed).map(({ verb }) => verb)
}
