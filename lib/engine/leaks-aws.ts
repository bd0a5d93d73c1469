import type { Instance } from '@aws-sdk/client-ec2'
import { GROUP_TAG, suspendedProcesses } from '../aws/auto-scaling.ts'
import type { Aws } from '../aws/aws.ts'
import type { Ec2 } from '../aws/ec2.ts'
import { stateOf } from '../aws/instances.ts'
import { tagOf } from '../aws/tags.ts'
import { listAcls } from '../aws/network-acls.ts'
import { RUN_LABEL } from '../model/run-label.ts'
import type { Projection } from './records.ts'

/** What of an account counts: all of the lab's; elsewhere the cluster's own and what the run tagged. */
export interface AwsScope {
  readonly isLab: boolean
  readonly runId: string
  /** Instances that are nodes of the cluster, and in scope. */
  readonly instanceIds: readonly string[]
}

/** State of what was about to vanish by itself; before a run it is no promise that it stays. */
export const LEAVING = 'being deleted'

/**
 * What faults and deployments may leave in an account: instances, suspended processes, network
 * ACLs and which subnet has which; in the lab volumes and snapshots too.
 */
export async function awsProjection(aws: Aws, scope: AwsScope): Promise<Projection> {
  const ec2 = await aws.ec2()
  const all = await ec2.listInstances()
  const instances = all.filter(
    (item) =>
      scope.isLab ||
      scope.instanceIds.includes(item.InstanceId ?? '') ||
      tagOf(item, RUN_LABEL) === scope.runId,
  )
  return {
    Instance: Object.fromEntries(
      instances
        // A terminated one stays listed for an hour.
        .filter((item) => stateOf(item) !== 'terminated')
        .map((item) => [item.InstanceId ?? '?', `${stateOf(item)} in ${zoneOf(item)}`]),
    ),
    AutoScalingGroup: await groups(aws, instances, scope.isLab),
    ...(await networkAcls(ec2, instances, scope)),
    ...(scope.isLab ? await disks(ec2) : {}),
  }
}

async function groups(
  aws: Aws,
  instances: readonly Instance[],
  isLab: boolean,
): Promise<Record<string, string>> {
  const names = new Set(instances.flatMap((item) => tagOf(item, GROUP_TAG) ?? []))
  if (names.size === 0 && !isLab) return {}
  const found = await (await aws.autoScaling()).listGroups()
  return Object.fromEntries(
    found
      .filter(({ AutoScalingGroupName: name = '' }) => isLab || names.has(name))
      .map((group) => [
        group.AutoScalingGroupName ?? '?',
        `capacity ${group.DesiredCapacity}, suspended: ${suspendedProcesses(group).join(', ') || 'nothing'}`,
      ]),
  )
}

async function networkAcls(
  ec2: Ec2,
  instances: readonly Instance[],
  { isLab, runId }: AwsScope,
): Promise<Projection> {
  const subnets = new Set(instances.flatMap(({ SubnetId }) => SubnetId ?? []))
  const acls = await listAcls(ec2)
  const counted = acls.filter((acl) => isLab || tagOf(acl, RUN_LABEL) === runId)
  return {
    NetworkAcl: Object.fromEntries(
      counted.map(({ NetworkAclId }) => [NetworkAclId ?? '?', 'present']),
    ),
    Subnet: Object.fromEntries(
      acls
        .flatMap(({ Associations = [] }) => Associations)
        .filter(({ SubnetId }) => isLab || subnets.has(SubnetId ?? ''))
        .map(({ SubnetId, NetworkAclId }) => [SubnetId ?? '?', `under ${NetworkAclId}`]),
    ),
  }
}

async function disks(ec2: Ec2): Promise<Projection> {
  // One that goes with its instance is part of it: a replacement brings its own.
  const volumes = (await ec2.listVolumes()).filter(
    ({ Attachments = [] }) => !Attachments.some((item) => item.DeleteOnTermination === true),
  )
  const snapshots = await ec2.listSnapshots()
  return {
    Volume: Object.fromEntries(
      volumes.map(({ VolumeId, State, Attachments = [] }) => [
        VolumeId ?? '?',
        State === 'deleting'
          ? LEAVING
          : [State, ...Attachments.map((item) => `${item.State} to ${item.InstanceId}`)].join(', '),
      ]),
    ),
    Snapshot: Object.fromEntries(snapshots.map((item) => [item.SnapshotId ?? '?', 'present'])),
  }
}

function zoneOf({ Placement }: Instance): string {
  return Placement?.AvailabilityZone ?? '?'
}
