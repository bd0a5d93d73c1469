/** What the lab itself launches: its own machines. Times and errors are those of RunInstances. */
export interface RunInstancesRequest {
  readonly imageId: string
  readonly instanceType: string
  /** Where: a zone, or a subnet of it. */
  readonly zone?: string
  readonly subnetId?: string
  /** Default 1. */
  readonly count?: number
  /** By default the next free one. */
  readonly privateIp?: string
  /** As it is, not encoded; 16 KiB at most. */
  readonly userData?: string
  readonly tags?: Readonly<Record<string, string>>
  readonly clientToken?: string
}

/** The request in EC2's own form. */
export function runInstancesForm(request: RunInstancesRequest): Record<string, string> {
  const count = String(request.count ?? 1)
  const { zone, subnetId, privateIp, userData, clientToken, tags = {} } = request
  const form: Record<string, string> = {
    ImageId: request.imageId,
    InstanceType: request.instanceType,
    MinCount: count,
    MaxCount: count,
  }
  if (zone !== undefined) form['Placement.AvailabilityZone'] = zone
  if (subnetId !== undefined) form['SubnetId'] = subnetId
  if (privateIp !== undefined) form['PrivateIpAddress'] = privateIp
  if (userData !== undefined) form['UserData'] = Buffer.from(userData).toString('base64')
  if (clientToken !== undefined) form['ClientToken'] = clientToken
  const pairs = Object.entries(tags)
  if (pairs.length > 0) form['TagSpecification.1.ResourceType'] = 'instance'
  for (const [index, [key, value]] of pairs.entries()) {
    form[`TagSpecification.1.Tag.${index + 1}.Key`] = key
    form[`TagSpecification.1.Tag.${index + 1}.Value`] = value
  }
  return form
}
