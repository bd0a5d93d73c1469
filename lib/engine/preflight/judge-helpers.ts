import type { V1Deployment } from '@kubernetes/client-node'
import { reachesNodes } from '../../model/fault-reach.ts'
import type { AccountFacts, ClusterFacts, Request } from './facts.ts'
import type { Refusal } from './refusal.ts'

/** Controllers that make nodes for pods that wait, by a part of their image's name. */
const AUTOSCALERS = [
  { name: 'Karpenter', image: /(^|\/)karpenter(\/controller)?[:@]/, deployment: 'karpenter' },
  {
    name: 'Cluster Autoscaler',
    image: /cluster-autoscaler[^/]*[:@]/,
    deployment: 'cluster-autoscaler',
  },
] as const

/** Who would supply the nodes that a scenario says are missing, or take away those that it needs. */
export function judgeSuppliers(
  { faults, eksName = 'NAME' }: Request,
  facts: Pick<ClusterFacts, 'deployments' | 'csiDrivers' | 'target'>,
  account: Pick<AccountFacts, 'eks' | 'region'> | undefined,
): Refusal[] {
  if (!reachesNodes(faults)) return []
  const { deployments, csiDrivers, target } = facts
  const eks = account?.eks
  const aws = (command: string): string =>
    `aws eks ${command} --region ${account?.region ?? 'REGION'}`
  const isAuto =
    eks?.cluster.computeConfig?.enabled === true || csiDrivers.includes('ebs.csi.eks.amazonaws.com')
  return [
    ...AUTOSCALERS.flatMap(({ name, image, deployment }) =>
      deployments
        .filter((one) => runs(one, image, deployment))
        .map(({ metadata }): Refusal => {
          const { name: found, namespace } = metadata ?? {}
          return {
            check: 'autoscaler',
            text: `${name} (Deployment ${namespace}/${found}) would make nodes for the pods that are to wait.`,
            todo: `kubectl --context ${target.context} -n ${namespace} scale deployment ${found} --replicas=0`,
          }
        }),
    ),
    ...(isAuto
      ? [
          {
            check: 'Auto Mode',
            text: 'EKS Auto Mode is on: it would make nodes for the pods that are to wait.',
            todo: aws(
              `update-cluster-config --name ${eksName} --compute-config enabled=false --kubernetes-network-config '{"elasticLoadBalancing":{"enabled":false}}' --storage-config '{"blockStorage":{"enabled":false}}'`,
            ),
          },
        ]
      : []),
    ...(eks?.nodeGroups ?? [])
      .filter(({ nodeRepairConfig }) => nodeRepairConfig?.enabled === true)
      .map(({ nodegroupName }): Refusal => ({
        check: 'node auto-repair',
        text: `Node auto-repair of node group ${nodegroupName} would replace the nodes that a fault takes away.`,
        todo: aws(
          `update-nodegroup-config --cluster-name ${eksName} --nodegroup-name ${nodegroupName} --node-repair-config enabled=false`,
        ),
      })),
  ]
}

function runs({ metadata, spec }: V1Deployment, image: RegExp, name: string): boolean {
  if (spec?.replicas === 0) return false
  const { containers = [] } = spec?.template.spec ?? {}
  return (
    metadata?.labels?.['app.kubernetes.io/name'] === name ||
    containers.some((container) => image.test(`${container.image ?? ''}:`))
  )
}

/** Without the driver no claim is ever bound. */
export function judgeStorage(
  { eksName = 'NAME' }: Request,
  { csiDrivers, target }: Pick<ClusterFacts, 'csiDrivers' | 'target'>,
): Refusal[] {
  if (target.kind !== 'eks' || csiDrivers.includes('ebs.csi.aws.com')) return []
  return [
    {
      check: 'CSI driver',
      text: `The EBS CSI driver ebs.csi.aws.com is not installed; there are: ${csiDrivers.join(', ') || 'none'}.`,
      todo: `aws eks create-addon --cluster-name ${eksName} --region ${target.aws?.region ?? 'REGION'} --addon-name aws-ebs-csi-driver`,
    },
  ]
}
