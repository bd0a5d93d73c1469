import type { GroupStatus } from '../auto-scaling/status.ts'
import { ApiError } from '../ec2/api-error.ts'
import {
  defineRestService,
  invalidParameter,
  type JsonObject,
  type RestAction,
  type RestService,
} from '../ec2/wire/rest-service.ts'
import type { AccessRequest } from '../iam/access.ts'

/** The cluster as EKS has it. */
export interface EksCluster {
  readonly name: string
  /** `1.36` */
  readonly version: string
  /** Where its API server is reached from outside. */
  readonly endpoint: string
  /** PEM of the certificate authority of its API server. */
  readonly caCertificate: string
  /** Milliseconds since 1970. */
  readonly createdMs: number
  readonly vpcId: string
  /** Those that the cluster was given, where its own network interfaces are. */
  readonly subnetIds: readonly string[]
  readonly serviceCidr: string
}

export interface EksOptions {
  readonly region: string
  /** Twelve digits. */
  readonly accountId: string
  readonly cluster: EksCluster
  /** The Auto Scaling groups of the account; those with EKS's tags are node groups. */
  readonly groups: () => readonly GroupStatus[]
}

const MAX_RESULTS = 100
const PAGE = ['maxResults', 'nextToken']
const UUID = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** Amazon EKS, as far as one asks it what a cluster is made of; for `Ec2.addService`. */
export function createEks(options: EksOptions): RestService {
  const { region, accountId, cluster } = options
  const arn = (kind: string, ...names: readonly string[]): string =>
    `arn:aws:eks:${region}:${accountId}:${[kind, ...names].join('/')}`
  // Source: Service Authorization Reference, "Actions, resources, and condition keys for Amazon
  // Elastic Kubernetes Service".
  const onCluster = (name: string) => ({ resource: arn('cluster', name), keys: new Map() })
  const groupsOf = (): readonly GroupStatus[] =>
    options
      .groups()
      .filter(
        ({ tags }) =>
          tags['eks:cluster-name'] === cluster.name && tags['eks:nodegroup-name'] !== undefined,
      )
  const groupArn = (group: GroupStatus): string =>
    arn(
      'nodegroup',
      cluster.name,
      group.tags['eks:nodegroup-name'] ?? '',
      UUID.exec(group.name)?.[0] ?? '',
    )
  const findGroup = (clusterName: string, name: string): GroupStatus | undefined =>
    clusterName === cluster.name
      ? groupsOf().find(({ tags }) => tags['eks:nodegroup-name'] === name)
      : undefined
  const needCluster = (name: string): void => {
    if (name !== cluster.name) throw notFound(`No cluster found for name: ${name}.`)
  }

  const describeCluster: RestAction<'name'> = {
    name: 'DescribeCluster',
    path: '/clusters/{name}',
    access: ({ name }) => onCluster(name),
    perform: ({ name }) => {
      needCluster(name)
      return { cluster: clusterView(cluster, arn('cluster', name)) }
    },
  }
  const listNodegroups: RestAction<'name'> = {
    name: 'ListNodegroups',
    path: '/clusters/{name}/node-groups',
    access: ({ name }) => onCluster(name),
    query: PAGE,
    perform: ({ name }, query) => {
      needCluster(name)
      checkPage(query)
      return { nodegroups: groupsOf().flatMap(({ tags }) => tags['eks:nodegroup-name'] ?? []) }
    },
  }
  const describeNodegroup: RestAction<'name' | 'group'> = {
    name: 'DescribeNodegroup',
    path: '/clusters/{name}/node-groups/{group}',
    access: ({ name, group }): Omit<AccessRequest, 'action'> => {
      const found = findGroup(name, group)
      return {
        resource: found === undefined ? arn('nodegroup', name, group, '*') : groupArn(found),
        keys: new Map(),
      }
    },
    perform: ({ name, group }) => {
      needCluster(name)
      const found = findGroup(name, group)
      if (found === undefined) throw notFound(`No node group found for name: ${group}.`)
      return { nodegroup: nodegroupView(cluster, found, groupArn(found), accountId) }
    },
  }
  const listFargateProfiles: RestAction<'name'> = {
    name: 'ListFargateProfiles',
    path: '/clusters/{name}/fargate-profiles',
    access: ({ name }) => onCluster(name),
    query: PAGE,
    perform: ({ name }, query) => {
      needCluster(name)
      checkPage(query)
      // The lab has machines alone.
      return { fargateProfileNames: [] }
    },
  }
  const describeFargateProfile: RestAction<'name' | 'profile'> = {
    name: 'DescribeFargateProfile',
    path: '/clusters/{name}/fargate-profiles/{profile}',
    access: ({ name, profile }) => ({
      resource: arn('fargateprofile', name, profile, '*'),
      keys: new Map(),
    }),
    perform: ({ name, profile }) => {
      needCluster(name)
      throw notFound(`No Fargate Profile found with name: ${profile}.`)
    },
  }
  return defineRestService({
    name: 'eks',
    accountId,
    actions: [
      describeCluster,
      listNodegroups,
      describeNodegroup,
      listFargateProfiles,
      describeFargateProfile,
    ],
  })
}

const notFound = (message: string): ApiError =>
  new ApiError('ResourceNotFoundException', message, 404)

/** There is never more than a page. */
function checkPage(query: URLSearchParams): void {
  const count = query.get('maxResults')
  if (count !== null && !(/^[1-9]\d*$/.test(count) && Number(count) <= MAX_RESULTS)) {
    throw invalidParameter(`maxResults must be between 1 and ${MAX_RESULTS}.`)
  }
  if (query.has('nextToken')) throw invalidParameter('The nextToken is invalid.')
}

function clusterView(cluster: EksCluster, arn: string): JsonObject {
  const { name, version, endpoint, caCertificate, createdMs, vpcId, subnetIds, serviceCidr } =
    cluster
  return {
    name,
    arn,
    createdAt: createdMs / 1000,
    version,
    endpoint,
    resourcesVpcConfig: {
      subnetIds,
      securityGroupIds: [],
      vpcId,
      endpointPublicAccess: true,
      endpointPrivateAccess: true,
      publicAccessCidrs: ['0.0.0.0/0'],
    },
    kubernetesNetworkConfig: { serviceIpv4Cidr: serviceCidr, ipFamily: 'ipv4' },
    status: 'ACTIVE',
    certificateAuthority: { data: Buffer.from(caCertificate).toString('base64') },
    tags: {},
    health: { issues: [] },
    computeConfig: { enabled: false, nodePools: [] },
  }
}

function nodegroupView(
  cluster: EksCluster,
  group: GroupStatus,
  arn: string,
  accountId: string,
): JsonObject {
  const { name, tags, min, max, desired, instanceType, subnetIds, createdMs } = group
  return {
    nodegroupName: tags['eks:nodegroup-name'],
    nodegroupArn: arn,
    clusterName: cluster.name,
    version: cluster.version,
    createdAt: createdMs / 1000,
    modifiedAt: createdMs / 1000,
    status: 'ACTIVE',
    capacityType: 'ON_DEMAND',
    scalingConfig: { minSize: min, maxSize: max, desiredSize: desired },
    instanceTypes: [instanceType],
    subnets: subnetIds,
    amiType: 'CUSTOM',
    nodeRole: `arn:aws:iam::${accountId}:role/${cluster.name}-node`,
    labels: {},
    resources: { autoScalingGroups: [{ name }] },
    health: { issues: [] },
    updateConfig: { maxUnavailable: 1 },
    nodeRepairConfig: { enabled: false },
    tags: {},
  }
}
