import type { Ec2Context } from '../ec2/context.ts'
import { attachedTo, attachmentOf } from '../ec2/volumes/volume.ts'
import type { Form } from '../ec2/wire/parameters.ts'
import type { AccessRequest } from './access.ts'

type Keys = Readonly<Record<string, string | undefined>>
type Tags = ReadonlyMap<string, string>

interface Asked {
  readonly context: Ec2Context
  readonly form: Form
}

interface Resource {
  readonly arn: string
  readonly keys: Keys
  /** Of a resource that is there. */
  readonly tags?: Tags
  /** Of the request, for a resource that it makes. */
  readonly requestTags?: Tags
}

/** Resource types whose ARNs name no account. */
const OWNERLESS = new Set(['snapshot', 'image'])

/**
 * The resources that each action is checked against; one that is not here supports no
 * resource-level permissions. Source: Service Authorization Reference, "Actions, resources, and
 * condition keys for Amazon EC2".
 */
const RESOURCES: Readonly<Record<string, (asked: Asked) => readonly Resource[]>> = {
  RunInstances: (asked) => [
    there(asked, 'image', asked.form.get('ImageId') ?? ''),
    made(asked, 'instance', { 'ec2:instancetype': asked.form.get('InstanceType') }),
    made(asked, 'network-interface'),
    // The VPC's default one: the lab has none with an id.
    made(asked, 'security-group'),
    there(asked, 'subnet', launchSubnet(asked)),
    made(asked, 'volume'),
  ],
  StartInstances: (asked) => instances(asked),
  StopInstances: (asked) => instances(asked),
  RebootInstances: (asked) => instances(asked),
  TerminateInstances: (asked) => instances(asked),
  CreateNetworkAcl: (asked) => [named(asked, 'VpcId', 'vpc'), made(asked, 'network-acl')],
  DeleteNetworkAcl: (asked) => [named(asked, 'NetworkAclId', 'network-acl')],
  CreateNetworkAclEntry: (asked) => [named(asked, 'NetworkAclId', 'network-acl')],
  ReplaceNetworkAclEntry: (asked) => [named(asked, 'NetworkAclId', 'network-acl')],
  DeleteNetworkAclEntry: (asked) => [named(asked, 'NetworkAclId', 'network-acl')],
  ReplaceNetworkAclAssociation: (asked) => [
    named(asked, 'NetworkAclId', 'network-acl'),
    there(asked, 'subnet', associatedSubnet(asked)),
  ],
  CreateVolume: (asked) => {
    const snapshotId = asked.form.get('SnapshotId')
    const zone = asked.form.get('AvailabilityZone')
    return [
      made(asked, 'volume', { 'ec2:availabilityzone': zone }),
      ...(snapshotId === undefined ? [] : [there(asked, 'snapshot', snapshotId)]),
    ]
  },
  DeleteVolume: (asked) => [named(asked, 'VolumeId', 'volume')],
  ModifyVolume: (asked) => [named(asked, 'VolumeId', 'volume')],
  AttachVolume: (asked) => [
    named(asked, 'VolumeId', 'volume'),
    named(asked, 'InstanceId', 'instance'),
  ],
  DetachVolume: (asked) => {
    const volume = asked.context.volumes.get(asked.form.get('VolumeId') ?? '')
    const attachment = volume && attachmentOf(volume)
    const instanceId = asked.form.get('InstanceId') ?? attachment?.instanceId
    return [
      named(asked, 'VolumeId', 'volume'),
      ...(instanceId === undefined ? [] : [there(asked, 'instance', instanceId)]),
    ]
  },
  CreateSnapshot: (asked) => [named(asked, 'VolumeId', 'volume'), made(asked, 'snapshot')],
  CreateSnapshots: (asked) => {
    const instanceId = asked.form.get('InstanceSpecification.InstanceId') ?? ''
    return [
      there(asked, 'instance', instanceId),
      ...attachedTo(asked.context, instanceId).map(({ volume }) =>
        there(asked, 'volume', volume.id),
      ),
      made(asked, 'snapshot'),
    ]
  },
  DeleteSnapshot: (asked) => [named(asked, 'SnapshotId', 'snapshot')],
  CreateTags: (asked) => tagged(asked),
  DeleteTags: (asked) => tagged(asked),
}

/**
 * All that a call of EC2's has to be allowed: the action on each resource that it is about, and
 * CreateTags on what it makes with tags. A resource that isn't there has no tags.
 */
export function ec2AccessRequests(
  context: Ec2Context,
  action: string,
  form: Form,
): readonly AccessRequest[] {
  const asked = { context, form }
  const common = { 'ec2:region': context.region, 'aws:requestedregion': context.region }
  const resources = RESOURCES[action]?.(asked) ?? [{ arn: '*', keys: {} }]
  return [
    ...resources.map((resource) => requestOf(`ec2:${action}`, resource, common)),
    ...taggedOnCreation(form).map(([type, requestTags]) =>
      requestOf(
        'ec2:CreateTags',
        { arn: arnOf(context, type, '*'), keys: { 'ec2:createaction': action }, requestTags },
        common,
      ),
    ),
  ]
}

function requestOf(action: string, resource: Resource, common: Keys): AccessRequest {
  const { arn, keys, tags = new Map<string, string>(), requestTags } = resource
  const all: [string, readonly string[]][] = []
  for (const [name, value] of Object.entries({ ...common, ...keys })) {
    if (value !== undefined) all.push([name, [value]])
  }
  for (const [key, value] of tags) {
    all.push([`aws:resourcetag/${key.toLowerCase()}`, [value]])
    all.push([`ec2:resourcetag/${key.toLowerCase()}`, [value]])
  }
  for (const [key, value] of requestTags ?? []) {
    all.push([`aws:requesttag/${key.toLowerCase()}`, [value]])
  }
  if (requestTags !== undefined && requestTags.size > 0) {
    all.push(['aws:tagkeys', [...requestTags.keys()]])
  }
  return { action, resource: arn, keys: new Map(all) }
}

function arnOf({ region, accountId }: Ec2Context, type: string, id: string): string {
  return `arn:aws:ec2:${region}:${OWNERLESS.has(type) ? '' : accountId}:${type}/${id}`
}

/** A resource that the call makes: it has no id yet. */
function made({ context, form }: Asked, type: string, keys: Keys = {}): Resource {
  const requestTags = new Map(taggedOnCreation(form)).get(type)
  const arn = arnOf(context, type, '*')
  return requestTags === undefined ? { arn, keys } : { arn, keys, requestTags }
}

/** A resource by the parameter that holds its id. */
const named = (asked: Asked, parameter: string, type: string): Resource =>
  there(asked, type, asked.form.get(parameter) ?? '')

const instances = (asked: Asked): readonly Resource[] =>
  listed(asked.form, 'InstanceId').map((id) => there(asked, 'instance', id))

const TYPES: Readonly<Record<string, string>> = {
  i: 'instance',
  vol: 'volume',
  snap: 'snapshot',
  subnet: 'subnet',
  vpc: 'vpc',
  acl: 'network-acl',
  eni: 'network-interface',
}

function tagged(asked: Asked): readonly Resource[] {
  const requestTags = tagsAt(asked.form, 'Tag')
  return listed(asked.form, 'ResourceId').map((id) => ({
    ...there(asked, TYPES[id.slice(0, id.indexOf('-'))] ?? 'unknown', id),
    requestTags,
  }))
}

/** A resource that is there, or is said to be. */
function there({ context }: Asked, type: string, id: string): Resource {
  const arn = arnOf(context, type, id === '' ? '*' : id)
  const vpcArn = arnOf(context, 'vpc', context.vpc.id)
  const of = (tags: Tags | undefined, keys: Keys): Resource =>
    tags === undefined ? { arn, keys: {} } : { arn, keys, tags }
  switch (type) {
    case 'instance': {
      const one = context.instances.get(id)
      return of(one?.tags, {
        'ec2:instanceid': id,
        'ec2:instancetype': one?.type.name,
        'ec2:availabilityzone': one?.subnet.zone.name,
      })
    }
    case 'volume': {
      const one = context.volumes.get(id)
      return of(one?.tags, {
        'ec2:volumeid': id,
        'ec2:availabilityzone': one?.zone,
        'ec2:encrypted': String(one?.encrypted),
        'ec2:volumesize': String(one?.shape.sizeGiB),
        'ec2:volumetype': one?.shape.type,
      })
    }
    case 'snapshot':
      return of(context.snapshots.get(id)?.tags, { 'ec2:snapshotid': id })
    case 'subnet': {
      const one = context.subnets.get(id)
      return of(one?.tags, {
        'ec2:subnetid': id,
        'ec2:vpc': vpcArn,
        'ec2:availabilityzone': one?.zone.name,
      })
    }
    case 'vpc':
      return of(id === context.vpc.id ? context.vpc.tags : undefined, { 'ec2:vpcid': id })
    case 'network-acl':
      return of(context.networkAcls.get(id)?.tags, { 'ec2:networkaclid': id, 'ec2:vpc': vpcArn })
    default:
      return { arn, keys: {} }
  }
}

function launchSubnet({ context, form }: Asked): string {
  const zone = form.get('Placement.AvailabilityZone')
  const inZone = [...context.subnets.values()].find(
    (one) => one.forInstances && one.zone.name === zone,
  )
  return form.get('SubnetId') ?? inZone?.id ?? ''
}

function associatedSubnet({ context, form }: Asked): string {
  const wanted = form.get('AssociationId')
  const found = [...context.aclAssociations].find(([, { id }]) => id === wanted)
  return found?.[0] ?? ''
}

/** The values of a list of texts: `InstanceId.1`, `InstanceId.2`. */
function listed(form: Form, name: string): readonly string[] {
  const item = new RegExp(`^${name}\\.\\d+$`)
  return [...form].flatMap(([key, value]) => (item.test(key) ? [value] : []))
}

/** `TagSpecification.1.…`: resource types with the tags that they are to be made with. */
function taggedOnCreation(form: Form): readonly (readonly [type: string, tags: Tags])[] {
  return [...form].flatMap(([key, type]) => {
    const [, at] = /^(TagSpecification\.\d+)\.ResourceType$/.exec(key) ?? []
    return at === undefined ? [] : [[type, tagsAt(form, `${at}.Tag`)] as const]
  })
}

function tagsAt(form: Form, prefix: string): Tags {
  const keys = [...form].flatMap(([name, key]) => {
    const isKey = name.startsWith(`${prefix}.`) && name.endsWith('.Key')
    return isKey ? [[key, form.get(name.replace(/Key$/, 'Value')) ?? ''] as const] : []
  })
  return new Map(keys)
}
