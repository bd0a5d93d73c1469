import type { GroupOptions } from '../auto-scaling/create-group.ts'
import { NODE_IMAGE } from '../cluster/node-image.ts'
import type { LabZone } from '../network/vpc.ts'

/** The one that the nodes' tags and the cloud controller's config name. */
export const CLUSTER_NAME = 'zonefall-lab'
/** As the nodes' label `eks.amazonaws.com/nodegroup` has it. */
const NODEGROUP = 'zonefall'

/** The Auto Scaling group of the lab's nodes, as EKS makes one for a managed node group. */
export function nodegroup(zones: readonly LabZone[], instanceType: string): GroupOptions {
  const count = zones.length
  return {
    namePrefix: `eks-${NODEGROUP}-`,
    zones: zones.map(({ name, subnetId }) => ({ name, subnetId })),
    launch: { imageId: NODE_IMAGE.id, instanceType },
    tags: {
      Name: 'zonefall-lab-node',
      'eks:cluster-name': CLUSTER_NAME,
      'eks:nodegroup-name': NODEGROUP,
      'k8s.io/cluster-autoscaler/enabled': 'true',
      [`k8s.io/cluster-autoscaler/${CLUSTER_NAME}`]: 'owned',
      [`kubernetes.io/cluster/${CLUSTER_NAME}`]: 'owned',
    },
    min: 1,
    max: 2 * count,
    desired: count,
  }
}
