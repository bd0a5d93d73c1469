import { PatchStrategy, setHeaderOptions } from '@kubernetes/client-node'
import { vi } from 'vitest'
import { orAbsent } from '../../../kube/cluster.ts'
import { DEFAULT_RULES } from '../../../model/safety-rules.ts'
import { poll } from '../../../std/poll.ts'
import {
  ACCOUNT,
  awsSaying,
  cluster,
  consent,
  ec2,
  instanceId,
  node,
  proxies,
  type RunLike,
} from './preflight-bench.ts'

const merge = setHeaderOptions('Content-Type', PatchStrategy.MergePatch)

/** Changes that a condition makes, and how they are taken back. */
type Arrange = () => Promise<(() => Promise<unknown>) | void>

const label =
  (kind: 'node' | 'namespace', name: () => string, key: string, value: string): Arrange =>
  async () => {
    const set = (to: string | null) => {
      const body = { metadata: { labels: { [key]: to } } }
      return kind === 'node'
        ? cluster.core.patchNode({ name: name(), body }, merge)
        : cluster.core.patchNamespace({ name: name(), body }, merge)
    }
    await set(value)
    return () => set(null)
  }

const tag =
  (id: () => Promise<string>, Key: string, Value: string): Arrange =>
  async () => {
    const Resources = [await id()]
    await ec2.client.send(new ec2.sdk.CreateTagsCommand({ Resources, Tags: [{ Key, Value }] }))
    return () => ec2.client.send(new ec2.sdk.DeleteTagsCommand({ Resources, Tags: [{ Key }] }))
  }

const aws =
  (changes: Parameters<typeof awsSaying>[0]): Arrange =>
  async () =>
    proxies.restart(awsSaying(changes))

const asked =
  (changes: Parameters<typeof consent>[0]): Arrange =>
  async () => {
    await consent(changes)
    return () => consent()
  }

const deployment =
  (name: string, image: string): Arrange =>
  async () => {
    const labels = { app: name }
    await cluster.apps.createNamespacedDeployment({
      namespace: 'kube-system',
      body: {
        metadata: { name },
        spec: {
          replicas: 1,
          selector: { matchLabels: labels },
          // Nothing has to run it: that it should run is what counts.
          template: {
            metadata: { labels },
            spec: { schedulerName: 'nobody', containers: [{ name: 'c', image }] },
          },
        },
      },
    })
    return () => cluster.apps.deleteNamespacedDeployment({ namespace: 'kube-system', name })
  }

const namespaceWith =
  (labels: Record<string, string>, andThen?: () => Promise<unknown>): Arrange =>
  async () => {
    const body = { metadata: { name: 'ours', labels } }
    await poll({ what: 'the namespace of before to be gone', budget: 'objectGone' }, async () => {
      const found = await orAbsent(cluster.core.readNamespace({ name: 'ours' }))
      return found ? { done: false, seen: found.status?.phase } : { done: true, value: true }
    })
    await cluster.core.createNamespace({ body })
    await andThen?.()
    return () => cluster.core.deleteNamespace({ name: 'ours' })
  }

const awsError = (code: string, message: string) => ({
  status: 403,
  body: `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error><RequestId>r</RequestId></ErrorResponse>`,
})
const rootVolume = async (): Promise<string> => (await ec2.listVolumes())[0]?.VolumeId ?? ''

/** What is in the way of a run, and what it has to be told. */
export interface Condition {
  readonly arrange?: Arrange
  readonly run?: RunLike
  readonly says: RegExp
  readonly todo: RegExp
}

/** All that a run is refused for. */
export const CONDITIONS: Readonly<Record<string, Condition>> = {
  'no consent': {
    arrange: async () => {
      await cluster.core.deleteNamespacedConfigMap({ namespace: 'zonefall', name: 'consent' })
      return () => consent()
    },
    says: /has not consented: there is no ConfigMap consent/,
    todo: /^npx zonefall init --context staging && kubectl --context staging apply/,
  },
  'a consent for another cluster': {
    arrange: asked({ uid: '00000000-0000-4000-8000-000000000000' }),
    says: /is for another cluster: it names 00000000-0000-4000/,
    todo: /^npx zonefall init/,
  },
  'a fault that was not consented to': {
    run: { faults: ['terminate-instance'] },
    says: /does not allow the fault terminate-instance/,
    todo: /edit configmap consent/,
  },
  'a fault that the settings leave out': {
    run: { rules: { faults: ['delete-pod'] } },
    says: /settings do not allow the faults cordon-zone, power-cut, zone-partition/,
    todo: /zonefall\.config\.ts/,
  },
  'a node group that was not consented to': {
    run: { rules: { nodeGroups: ['databases'] } },
    says: /does not name the node group databases; it names zonefall/,
    todo: /--node-groups zonefall/,
  },
  'no node in scope': {
    arrange: asked({ nodeGroups: ['databases'] }),
    says: /No node of context staging with a zone is in the node group databases/,
    todo: /There are: zonefall/,
  },
  'another context than the settings mean': {
    run: { rules: { expected: { context: 'play' } } },
    says: /context is staging, and the settings are for play/,
    todo: /--context play/,
  },
  'another cluster than the settings mean': {
    run: { rules: { expected: { cluster: 'play' } } },
    says: /cluster of context staging is staging, and the settings are for play/,
    todo: /get-contexts/,
  },
  'another account than the nodes’': {
    arrange: aws({
      script: {
        rewrites: {
          GetCallerIdentity: (body) => body.replaceAll(ACCOUNT, '999999999999'),
        },
      },
    }),
    says: /credentials are of account 999999999999 .* belong to account 000000000000/,
    todo: /AWS_PROFILE=NAME aws sts get-caller-identity/,
  },
  'an account without the nodes': {
    arrange: aws({
      script: {
        rewrites: { DescribeInstances: (body) => body.replaceAll(/<item>.*<\/item>/gs, '') },
      },
    }),
    says: /has no instance i-[0-9a-f]+ in us-east-1/,
    todo: /AWS_PROFILE/,
  },
  'expired AWS credentials': {
    arrange: aws({
      script: { answers: { GetCallerIdentity: awsError('ExpiredToken', 'The token is expired') } },
    }),
    says: /AWS credentials have expired: The token is expired\./,
    todo: /aws sso login/,
  },
  'credentials that AWS does not know': {
    arrange: async () => {
      const before = process.env['AWS_ACCESS_KEY_ID'] ?? ''
      vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIANOBODY')
      return async () => void vi.stubEnv('AWS_ACCESS_KEY_ID', before)
    },
    says: /AWS does not accept the credentials/,
    todo: /aws sts get-caller-identity/,
  },
  'credentials that expire during the run': {
    arrange: async () => {
      vi.stubEnv('AWS_SESSION_TOKEN', 'token')
      vi.stubEnv('AWS_CREDENTIAL_EXPIRATION', new Date(Date.now() + 20 * 60_000).toISOString())
      return async () => {
        vi.stubEnv('AWS_SESSION_TOKEN', undefined)
        vi.stubEnv('AWS_CREDENTIAL_EXPIRATION', undefined)
      }
    },
    run: { timeLimitMs: 30 * 60_000 },
    says: /expire in 20 minutes, nothing renews them, and the run may take 45 minutes/,
    todo: /--time-limit/,
  },
  'AWS credentials that may not do it': {
    arrange: asked({ faults: ['reboot-instance'] }),
    run: { faults: ['reboot-instance'] },
    says: /may not call ec2:RebootInstances, which the fault/,
    todo: /^aws iam attach-role-policy .*manifests\/access\//,
  },
  'a user of the cluster who may only look': {
    run: { user: 'reader' },
    says: /user of context staging may not create, delete namespaces .* in all lacks \d+ rights/,
    todo: /^kubectl --context staging apply -f manifests\/access\/rbac\.yaml/,
  },
  'production by the context’s name': {
    run: { context: 'eu-prod' },
    says: /context eu-prod looks like production by its name/,
    todo: /production\.names/,
  },
  'production by a tag of the EKS cluster': {
    arrange: aws({ cluster: { tags: { Environment: 'Production' } } }),
    says: /cluster staging is production: Environment=Production/,
    todo: /aws eks untag-resource --resource-arn arn:aws:eks:us-east-1:000000000000:cluster\/staging/,
  },
  'production by a label of kube-system': {
    arrange: label('namespace', () => 'kube-system', 'stage', 'prod'),
    says: /cluster of context staging \(its namespace kube-system\) is production: stage=prod/,
    todo: /label namespace kube-system stage-/,
  },
  'production by a node’s label': {
    arrange: label('node', () => node, 'example.com/env', 'prod-eu'),
    says: /The node ip-.* is production: example\.com\/env=prod-eu/,
    todo: /label node ip-.* example\.com\/env-/,
  },
  'production by an instance’s tag': {
    arrange: tag(() => Promise.resolve(instanceId), 'Env', 'PROD'),
    says: /The instance i-.* is production: Env=PROD/,
    todo: /aws ec2 delete-tags --region us-east-1 --resources i-/,
  },
  'production by a volume’s tag': {
    arrange: tag(rootVolume, 'environment', 'production'),
    says: /The volume vol-.* is production: environment=production/,
    todo: /aws ec2 delete-tags .*vol-/,
  },
  'production by the namespace': {
    arrange: namespaceWith({ env: 'prod' }),
    run: { namespace: 'ours' },
    says: /namespace ours, .* is production: env=prod/,
    todo: /label namespace ours env-/,
  },
  'production by a pattern of one’s own': {
    arrange: label('node', () => node, 'tier', 'gold'),
    run: {
      rules: { production: { ...DEFAULT_RULES.production, keys: ['tier'], values: '^gold$' } },
    },
    says: /production: tier=gold/,
    todo: /tier-/,
  },
  'strangers in a subnet': {
    arrange: aws({
      script: {
        rewrites: {
          DescribeNetworkInterfaces: (body) => body.replaceAll(instanceId, 'i-0123456789abcdef0'),
        },
      },
    }),
    says: /holds more than this cluster's nodes: eni-[0-9a-f]+ \(i-0123456789abcdef0\)/,
    todo: /subnets of their own/,
  },
  'Cluster Autoscaler': {
    arrange: deployment(
      'cluster-autoscaler',
      'registry.k8s.io/autoscaling/cluster-autoscaler:v1.36.0',
    ),
    says: /Cluster Autoscaler \(Deployment kube-system\/cluster-autoscaler\) would make nodes/,
    todo: /^kubectl --context staging -n kube-system scale deployment cluster-autoscaler --replicas=0/,
  },
  Karpenter: {
    arrange: deployment('karp', 'public.ecr.aws/karpenter/controller:1.8.0'),
    says: /Karpenter \(Deployment kube-system\/karp\)/,
    todo: /scale deployment karp --replicas=0/,
  },
  'node auto-repair': {
    arrange: aws({ nodegroup: { nodeRepairConfig: { enabled: true } } }),
    says: /Node auto-repair of node group zonefall/,
    todo: /update-nodegroup-config .*--node-repair-config enabled=false/,
  },
  'Auto Mode': {
    arrange: aws({ cluster: { computeConfig: { enabled: true } } }),
    says: /EKS Auto Mode is on/,
    todo: /update-cluster-config/,
  },
  'nodes of Fargate alone': {
    arrange: label('node', () => node, 'eks.amazonaws.com/compute-type', 'fargate'),
    says: /All nodes of context staging are run by EKS itself/,
    todo: /eksctl create nodegroup/,
  },
  'a Fargate profile that would take the pods': {
    arrange: aws({ fargate: { selectors: [{ namespace: 'zonefall-*' }] } }),
    says: /The Fargate profile serverless would take pods of the run's own namespace/,
    todo: /aws eks delete-fargate-profile .*--fargate-profile-name serverless/,
  },
  'no Secret to pull images with': {
    run: { pulls: { pullSecret: 'pull' } },
    says: /Secret pull that images are to be pulled with is not in namespace zonefall\./,
    todo: /^kubectl --context staging -n zonefall create secret docker-registry pull/,
  },
  'a Secret that no image can be pulled with': {
    arrange: async () => {
      const body = { metadata: { name: 'pull' }, stringData: { user: 'me' } }
      await cluster.core.createNamespacedSecret({ namespace: 'zonefall', body })
      return () => cluster.core.deleteNamespacedSecret({ namespace: 'zonefall', name: 'pull' })
    },
    run: { pulls: { pullSecret: 'pull' } },
    says: /Secret pull .* is of type Opaque, not kubernetes\.io\/dockerconfigjson/,
    todo: /delete secret pull && kubectl .* create secret docker-registry pull/,
  },
  'no CSI driver for EBS': {
    arrange: async () => {
      const found = await cluster.storage.readCSIDriver({ name: 'ebs.csi.aws.com' })
      await cluster.storage.deleteCSIDriver({ name: 'ebs.csi.aws.com' })
      const body = {
        metadata: { name: 'ebs.csi.aws.com' },
        ...(found.spec && { spec: found.spec }),
      }
      return () => cluster.storage.createCSIDriver({ body: { ...body, spec: found.spec } })
    },
    says: /EBS CSI driver ebs\.csi\.aws\.com is not installed/,
    todo: /aws eks create-addon --cluster-name staging .*aws-ebs-csi-driver/,
  },
  'a namespace whose Pod Security refuses the database': {
    arrange: namespaceWith({ 'pod-security.kubernetes.io/enforce': 'restricted' }, () =>
      poll({ what: 'its service account', budget: 'stateVisible' }, async () => {
        const named = { namespace: 'ours', name: 'default' }
        const found = await orAbsent(cluster.core.readNamespacedServiceAccount(named))
        return found ? { done: true, value: true } : { done: false, seen: 'none' }
      }),
    ),
    run: { namespace: 'ours' },
    says: /namespace ours would not take the pods: violates PodSecurity "restricted/,
    todo: /Leave --namespace away/,
  },
  'a namespace that denies all traffic': {
    arrange: namespaceWith({}, () =>
      cluster.networking.createNamespacedNetworkPolicy({
        namespace: 'ours',
        body: { metadata: { name: 'deny' }, spec: { podSelector: {}, policyTypes: ['Ingress'] } },
      }),
    ),
    run: { namespace: 'ours' },
    says: /NetworkPolicy deny lets no connection in/,
    todo: /edit networkpolicy deny/,
  },
  'more nodes than may be hit': {
    run: { rules: { maxBlastRadius: 0 } },
    says: /would hit up to 1 nodes at once, more than the 0 of --max-blast-radius/,
    todo: /--max-blast-radius 1/,
  },
}
