import type { EC2Client, Instance, Snapshot, Volume } from '@aws-sdk/client-ec2'
import type { AwsAccess } from '../model/target.ts'
import { BUDGETS } from '../std/budgets.ts'
import { clientOptions } from './client-options.ts'

/** EC2, as far as the harness's core asks it; `client` and `sdk` are for everything else. */
export interface Ec2 {
  readonly client: EC2Client
  readonly sdk: typeof import('@aws-sdk/client-ec2')
  /** How old its answers may be, at most. */
  readonly behindMs: number
  /** All volumes that the credentials see, or those of these ids that still exist. */
  listVolumes(ids?: readonly string[]): Promise<readonly Volume[]>
  /** All snapshots of the account itself. */
  listSnapshots(): Promise<readonly Snapshot[]>
  /** All instances that the credentials see, or those of these ids that still are listed. */
  listInstances(ids?: readonly string[]): Promise<readonly Instance[]>
  deleteVolume(id: string): Promise<void>
  /** Ends the connections. */
  close(): void
}

/**
 * Connects to EC2. The SDK is loaded here and not before: it takes 0.3 s and 139 MB, which a run
 * without EC2 should not pay. Without keys in `access` the SDK's usual chain finds credentials.
 */
export async function connectEc2(access: AwsAccess): Promise<Ec2> {
  const sdk = await import('@aws-sdk/client-ec2')
  const client = new sdk.EC2Client(clientOptions(access))

  const listVolumes: Ec2['listVolumes'] = async (ids) => {
    // EC2 takes no filter without values, and without a filter it would list all.
    if (ids?.length === 0) return []
    const volumes: Volume[] = []
    // A filter leaves out ids that don't exist, where naming them would be an error.
    const filter = ids === undefined ? {} : { Filters: [{ Name: 'volume-id', Values: [...ids] }] }
    for await (const page of sdk.paginateDescribeVolumes({ client, pageSize: 500 }, filter)) {
      volumes.push(...(page.Volumes ?? []))
    }
    return volumes
  }
  return {
    client,
    sdk,
    behindMs: access.answersBehindMs ?? BUDGETS.ec2Behind,
    listVolumes,
    listSnapshots: async () => {
      const snapshots: Snapshot[] = []
      const own = { OwnerIds: ['self'] }
      for await (const page of sdk.paginateDescribeSnapshots({ client, pageSize: 500 }, own)) {
        snapshots.push(...(page.Snapshots ?? []))
      }
      return snapshots
    },
    listInstances: async (ids) => {
      if (ids?.length === 0) return []
      const instances: Instance[] = []
      const filter =
        ids === undefined ? {} : { Filters: [{ Name: 'instance-id', Values: [...ids] }] }
      for await (const page of sdk.paginateDescribeInstances({ client, pageSize: 500 }, filter)) {
        instances.push(...(page.Reservations ?? []).flatMap(({ Instances = [] }) => Instances))
      }
      return instances
    },
    deleteVolume: async (id) => {
      try {
        await client.send(new sdk.DeleteVolumeCommand({ VolumeId: id }))
      } catch (error) {
        if (!isAwsError(error, 'InvalidVolume.NotFound')) throw error
      }
    },
    close: () => client.destroy(),
  }
}

/** Whether an error is AWS's answer with this code. */
export function isAwsError(error: unknown, code: string): boolean {
  return error instanceof Error && error.name === code
}
