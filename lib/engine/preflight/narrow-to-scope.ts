import { Aws } from '../../aws/aws.ts'
import { Cluster, orAbsent, statusOf } from '../../kube/cluster.ts'
import type { SafetyRules } from '../../model/safety-rules.ts'
import type { TargetDescription } from '../../model/target.ts'
import type { StartedTarget } from '../../targets/target.ts'
import { CONSENT, isRefusal, readConsent } from './consent.ts'
import { liveZones } from './live-zones.ts'

/**
 * A shared target with the zones and nodes in scope alone, by the settings and by the consent,
 * which may not be there yet: whether a run may begin is for `inspectTarget` to say. Where nothing
 * is in scope it stays as it is.
 */
export async function narrowToScope(
  { description, clusterUid }: StartedTarget,
  rules: SafetyRules,
): Promise<TargetDescription> {
  const { kubeconfig, context } = description
  const cluster = await Cluster.connect({ kubeconfig, context })
  const nodeGroups = rules.nodeGroups ?? (await consentedGroups(cluster, clusterUid)) ?? ['*']
  const aws = description.aws && new Aws(description.aws)
  const scope = { nodeGroups, maxBlastRadius: rules.maxBlastRadius }
  try {
    const zones = await liveZones(cluster, { kind: description.kind, scope }, aws)
    return zones.length === 0 ? description : { ...description, zones, scope }
  } finally {
    await aws?.close()
  }
}

async function consentedGroups(
  cluster: Cluster,
  clusterUid: string,
): Promise<readonly string[] | undefined> {
  try {
    const found = await orAbsent(cluster.core.readNamespacedConfigMap(CONSENT))
    const consent = readConsent(found, clusterUid, cluster.context)
    return isRefusal(consent) ? undefined : consent.nodeGroups
  } catch (error) {
    if (statusOf(error) === 403) return undefined
    throw error
  }
}
