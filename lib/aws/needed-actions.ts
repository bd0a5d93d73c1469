/** How `zonefall doctor` finds out whether an action is allowed. */
export type ActionCheck =
  /** EC2 judges it with DryRun and does nothing. */
  | 'dry-run'
  /** It only reads, so it is called. */
  | 'call'
  /** Nothing can be tried: there is no DryRun, or nothing yet that it could be tried on. */
  | 'none'

/** What a run has to be allowed to do in an AWS account. */
export interface NeededAction {
  /** As in IAM: `ec2:StopInstances`. */
  readonly action: `${string}:${string}`
  readonly check: ActionCheck
  /** What can't be done without it; completes "so a run can't …". */
  readonly purpose: string
}

const ec2 = (name: string, purpose: string, check: ActionCheck = 'dry-run'): NeededAction => ({
  action: `ec2:${name}`,
  check,
  purpose,
})

/**
 * All that the harness asks of AWS. `manifests/access/iam-policy.json` allows just that, limited to
 * the cluster and to what a run makes; a test compares it with this list, and this list with the
 * calls in the sources. STS lets everybody ask who they are.
 */
export const NEEDED_ACTIONS: readonly NeededAction[] = [
  ec2('DescribeInstances', 'see what state its nodes are in'),
  ec2('DescribeVolumes', 'see volumes come and go'),
  ec2('DescribeSnapshots', 'see that none is left'),
  ec2('DescribeNetworkAcls', 'see which network ACL a subnet has'),
  ec2('DescribeNetworkInterfaces', 'see what else is in a subnet before it cuts it off'),
  ec2('StopInstances', 'take the power of a zone away'),
  ec2('StartInstances', 'bring stopped nodes back'),
  ec2('RebootInstances', 'reboot a node'),
  ec2('TerminateInstances', 'terminate a node, and what it launched itself'),
  ec2('RunInstances', 'see that a zone has no capacity'),
  ec2('CreateTags', 'tag what it makes, by which it is found again'),
  ec2('CreateNetworkAcl', 'cut a zone off'),
  ec2('ReplaceNetworkAclAssociation', 'cut a zone off and connect it again'),
  ec2('DeleteNetworkAcl', 'delete the network ACL that it made', 'none'),
  ec2('DetachVolume', 'take a volume away from under its database', 'none'),
  ec2('DeleteVolume', 'delete volumes that outlive their claims', 'none'),
  {
    action: 'autoscaling:DescribeAutoScalingGroups',
    check: 'call',
    purpose: 'see what replaces nodes',
  },
  ...['SuspendProcesses', 'ResumeProcesses', 'SetInstanceHealth'].map((name): NeededAction => ({
    action: `autoscaling:${name}`,
    check: 'none',
    purpose: 'keep a group from replacing the nodes that it takes down',
  })),
  ...['DescribeCluster', 'ListNodegroups', 'DescribeNodegroup'].map((name): NeededAction => ({
    action: `eks:${name}`,
    check: 'call',
    purpose: "know the cluster's node groups",
  })),
  ...['ListFargateProfiles', 'DescribeFargateProfile'].map((name): NeededAction => ({
    action: `eks:${name}`,
    check: 'call',
    purpose: 'know whether Fargate would take its pods',
  })),
]

/**
 * All that a migration asks of AWS beside EKS; `manifests/access/iam-policy-migrate.json` allows just
 * that: of what there was before it only reads, and of what it made itself it can delete.
 */
export const MIGRATION_ACTIONS: readonly NeededAction[] = [
  ec2('DescribeInstances', 'find the legacy machines', 'call'),
  ec2('DescribeVolumes', 'find their volumes', 'call'),
  ec2('DescribeSnapshots', 'see the snapshots get ready', 'call'),
  ec2('CreateSnapshots', 'copy the volumes', 'none'),
  ec2('CreateVolume', 'make volumes from the copies', 'none'),
  ec2(
    'CreateTags',
    'tag what it makes, by which it is found again, and what pods were given',
    'none',
  ),
  ec2('DeleteSnapshot', 'delete the snapshots that it made', 'none'),
  ec2('DeleteVolume', 'delete the volumes that it made', 'none'),
]
