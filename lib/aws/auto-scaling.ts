import type { AutoScalingClient, AutoScalingGroup } from '@aws-sdk/client-auto-scaling'
import type { AwsAccess } from '../model/target.ts'
import { clientOptions } from './client-options.ts'

/** Tag that an instance of an Auto Scaling group carries. */
export const GROUP_TAG = 'aws:autoscaling:groupName'

/**
 * Processes by which a group would end, replace or shift the instances that a fault takes away.
 * Launch alone is not enough: a group that can't launch still terminates.
 */
export const REPLACING_PROCESSES = [
  'HealthCheck',
  'ReplaceUnhealthy',
  'AZRebalance',
  'Launch',
  'Terminate',
] as const

/** Auto Scaling, as far as faults ask it. */
export interface AutoScaling {
  readonly client: AutoScalingClient
  /** The group; undefined when there is none of that name. */
  findGroup(name: string): Promise<AutoScalingGroup | undefined>
  /** All groups that the credentials see. */
  listGroups(): Promise<readonly AutoScalingGroup[]>
  suspend(group: string, processes: readonly string[]): Promise<void>
  resume(group: string, processes: readonly string[]): Promise<void>
  /** Has a group take an instance for healthy; one that is in no group is left. */
  setHealthy(instanceId: string): Promise<void>
  close(): void
}

/** Connects to Auto Scaling; the SDK is loaded here and not before. */
export async function connectAutoScaling(access: AwsAccess): Promise<AutoScaling> {
  const sdk = await import('@aws-sdk/client-auto-scaling')
  const client = new sdk.AutoScalingClient(clientOptions(access))
  const list = async (names: readonly string[]): Promise<AutoScalingGroup[]> => {
    const groups: AutoScalingGroup[] = []
    const query = names.length === 0 ? {} : { AutoScalingGroupNames: [...names] }
    for await (const page of sdk.paginateDescribeAutoScalingGroups({ client }, query)) {
      groups.push(...(page.AutoScalingGroups ?? []))
    }
    return groups
  }
  return {
    client,
    findGroup: async (name) => (await list([name]))[0],
    listGroups: () => list([]),
    suspend: async (group, processes) => {
      await client.send(
        new sdk.SuspendProcessesCommand({
          AutoScalingGroupName: group,
          ScalingProcesses: [...processes],
        }),
      )
    },
    resume: async (group, processes) => {
      await client.send(
        new sdk.ResumeProcessesCommand({
          AutoScalingGroupName: group,
          ScalingProcesses: [...processes],
        }),
      )
    },
    setHealthy: async (instanceId) => {
      await client.send(
        new sdk.SetInstanceHealthCommand({
          InstanceId: instanceId,
          HealthStatus: 'Healthy',
          ShouldRespectGracePeriod: false,
        }),
      )
    },
    close: () => client.destroy(),
  }
}

/** Names of the processes that are suspended now. */
export function suspendedProcesses(group: AutoScalingGroup): string[] {
  return (group.SuspendedProcesses ?? []).flatMap(({ ProcessName }) => ProcessName ?? []).toSorted()
}

/** Members of a group in a zone that serve. */
export function inServiceIn(group: AutoScalingGroup, zone: string): string[] {
  return (group.Instances ?? [])
    .filter((item) => item.AvailabilityZone === zone && item.LifecycleState === 'InService')
    .flatMap(({ InstanceId }) => InstanceId ?? [])
}
