import type { EC2Client, Instance, Snapshot, Volume } from '@aws-sdk/client-ec2'
import { PreflightError } from '../model/errors.ts'
import type { AwsAccess } from '../model/target.ts'
import { BUDGETS } from '../std/budgets.ts'

/** EC2, as far as the harness's core asks it; `client` and `sdk` are for everything else. */
export interface Ec2 {
  readonly client: EC2Client
  readonly sdk: typeof import('@aws-sdk/client-ec2')
  /** All volumes that the credentials see, or those of these ids that still exist. */
  listVolumes(ids?: readonly string[]): Promise<readonly Volume[]>
  /** All snapshots of the account itself. */
  listSnapshots(): Promise<readonly Snapshot[]>
  /** All instances that the credentials see. */
  listInstances(): Promise<readonly Instance[]>
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
  const { accessKeyId, secretAccessKey, endpoint, region } = access
  if ((accessKeyId === undefined) !== (secretAccessKey === undefined)) {
    throw new PreflightError('AWS access needs both an access key id and a secret access key.')
  }
  const client = new sdk.EC2Client({
    region,
    maxAttempts: 4,
    requestHandler: {
      connectionTimeout: BUDGETS.apiReachable,
      requestTimeout: BUDGETS.apiCall,
      throwOnRequestTimeout: true,
    },
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(accessKeyId === undefined || secretAccessKey === undefined
      ? {}
      : { credentials: { accessKeyId, secretAccessKey } }),
  })

  const listVolumes: Ec2['listVolumes'] = async (ids) => {
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
    listVolumes,
    listSnapshots: async () => {
      const snapshots: Snapshot[] = []
      const own = { OwnerIds: ['self'] }
      for await (const page of sdk.paginateDescribeSnapshots({ client, pageSize: 500 }, own)) {
        snapshots.push(...(page.Snapshots ?? []))
      }
      return snapshots
    },
    listInstances: async () => {
      const instances: Instance[] = []
      for await (const page of sdk.paginateDescribeInstances({ client, pageSize: 500 }, {})) {
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
