import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CONTROL_PLANE_IP, POD_CIDR, REGION, SERVICE_CIDR, VPC_ID } from '../network/vpc.ts'
import type { LabError } from '../std/lab-error.ts'
import type { LabPaths } from '../std/paths.ts'
import { Service } from '../std/service.ts'
import { until } from '../std/until.ts'
import { ApiClient } from './api-client.ts'
import { AUDIT_POLICY } from './audit-policy.ts'
import { CertificateAuthority, type KeyPair, signingKeyPair } from './certificates.ts'
import { kubeconfigFor } from './kubeconfig.ts'
import { type Timers, TIMERS } from './timers.ts'

const API_SERVER = `https://${CONTROL_PLANE_IP}:443`
const ETCD = 'http://127.0.0.1:2379'
const API_READY_TIMEOUT_MS = 60_000

export interface ControlPlaneOptions {
  readonly paths: LabPaths
  /** Folder of the Kubernetes binaries, and the path of etcd's. */
  readonly bin: string
  readonly etcd: string
  readonly clusterName: string
  readonly ec2Endpoint: string
  readonly timers: Timers
  readonly onDeath: (error: LabError) => void
}

/** etcd, the API server, the controllers and the scheduler; outside the zones, as EKS's are. */
export class ControlPlane {
  readonly ca: CertificateAuthority
  readonly api: ApiClient
  readonly admin: KeyPair
  readonly #options: ControlPlaneOptions
  readonly #services: Service[] = []

  private constructor(
    options: ControlPlaneOptions,
    ca: CertificateAuthority,
    admin: KeyPair,
    api: ApiClient,
  ) {
    this.#options = options
    this.ca = ca
    this.admin = admin
    this.api = api
  }

  /** Makes its certificate authority: from then on machines can be given their certificates. */
  static async create(options: ControlPlaneOptions): Promise<ControlPlane> {
    const { paths } = options
    await Promise.all(
      [paths.pki, paths.logs, paths.etcd].map((folder) => mkdir(folder, { recursive: true })),
    )
    const ca = await CertificateAuthority.create('zonefall-lab')
    const admin = await ca.issue({
      commonName: 'zonefall-admin',
      organization: 'system:masters',
      usage: 'client',
    })
    return new ControlPlane(options, ca, admin, new ApiClient(API_SERVER, ca.certificate, admin))
  }

  /** Starts etcd and the API server, and when `/readyz` says so the controllers. */
  async start(): Promise<void> {
    const { paths } = this.#options
    this.#startEtcd()
    await this.#startApiServer()
    await until(
      'the start of the API server',
      {
        timeoutMs: API_READY_TIMEOUT_MS,
        intervalMs: 50,
        log: join(paths.logs, 'kube-apiserver.log'),
      },
      async () => ((await this.api.get('/readyz')) === 'ok' ? true : undefined),
    )
    // Before the API server has its RBAC roles the controller-manager exits.
    await this.#startControllers()
  }

  /** A kubeconfig for `user`, for processes inside the lab unless `server` says otherwise. */
  async kubeconfig(user: string, group?: string, server = API_SERVER): Promise<string> {
    return kubeconfigFor({
      context: `zonefall-lab-${this.#options.paths.name}`,
      server,
      caCertificate: this.ca.certificate,
      user,
      credentials: await this.ca.issue({
        commonName: user,
        ...(group === undefined ? {} : { organization: group }),
        usage: 'client',
      }),
    })
  }

  /** Kills everything; the API server would keep its watches open for a minute after a TERM. */
  async stop(): Promise<void> {
    this.api.close()
    await Promise.all(this.#services.map((service) => service.kill()))
  }

  #start(name: string, command: string, args: readonly string[], env?: NodeJS.ProcessEnv): void {
    this.#services.push(
      Service.start({
        name,
        log: join(this.#options.paths.logs, `${name}.log`),
        command,
        args,
        ...(env === undefined ? {} : { env: { PATH: process.env['PATH'], ...env } }),
        onDeath: this.#options.onDeath,
      }),
    )
  }

  #startEtcd(): void {
    this.#start('etcd', this.#options.etcd, [
      `--data-dir=${this.#options.paths.etcd}`,
      `--listen-client-urls=${ETCD}`,
      `--advertise-client-urls=${ETCD}`,
      '--listen-peer-urls=http://127.0.0.1:2380',
      '--initial-advertise-peer-urls=http://127.0.0.1:2380',
      '--initial-cluster=default=http://127.0.0.1:2380',
      // The lab's state is gone with the lab, so nothing has to survive the host's crash.
      '--unsafe-no-fsync',
    ])
  }

  async #startApiServer(): Promise<void> {
    const { ca } = this
    const requestHeaderCa = await CertificateAuthority.create('zonefall-lab-front-proxy')
    const [server, kubelet, frontProxy, tokens] = await Promise.all([
      ca.issue({
        commonName: 'kube-apiserver',
        usage: 'server',
        hosts: [
          '127.0.0.1',
          'localhost',
          CONTROL_PLANE_IP,
          SERVICE_CIDR.replace('.0/16', '.1'),
          'kubernetes',
          'kubernetes.default',
          'kubernetes.default.svc',
          'kubernetes.default.svc.cluster.local',
        ],
      }),
      ca.issue({
        commonName: 'kube-apiserver-kubelet-client',
        organization: 'system:masters',
        usage: 'client',
      }),
      requestHeaderCa.issue({ commonName: 'front-proxy-client', usage: 'client' }),
      signingKeyPair(),
    ])
    await this.#writePki({
      'ca.crt': ca.certificate,
      'apiserver.crt': server.certificate,
      'apiserver.key': server.key,
      'kubelet-client.crt': kubelet.certificate,
      'kubelet-client.key': kubelet.key,
      'front-proxy-ca.crt': requestHeaderCa.certificate,
      'front-proxy.crt': frontProxy.certificate,
      'front-proxy.key': frontProxy.key,
      'service-account.pub': tokens.publicKey,
      'service-account.key': tokens.privateKey,
      'audit-policy.json': AUDIT_POLICY,
    })
    const pki = (file: string) => join(this.#options.paths.pki, file)
    this.#start('kube-apiserver', join(this.#options.bin, 'kube-apiserver'), [
      `--etcd-servers=${ETCD}`,
      `--advertise-address=${CONTROL_PLANE_IP}`,
      '--bind-address=0.0.0.0',
      '--secure-port=443',
      `--tls-cert-file=${pki('apiserver.crt')}`,
      `--tls-private-key-file=${pki('apiserver.key')}`,
      `--client-ca-file=${pki('ca.crt')}`,
      `--service-account-key-file=${pki('service-account.pub')}`,
      `--service-account-signing-key-file=${pki('service-account.key')}`,
      '--service-account-issuer=https://kubernetes.default.svc',
      `--service-cluster-ip-range=${SERVICE_CIDR}`,
      '--authorization-mode=Node,RBAC',
      '--enable-admission-plugins=NodeRestriction',
      '--allow-privileged=true',
      `--kubelet-client-certificate=${pki('kubelet-client.crt')}`,
      `--kubelet-client-key=${pki('kubelet-client.key')}`,
      // Else exec and logs look a node's name up in DNS.
      '--kubelet-preferred-address-types=InternalIP',
      `--requestheader-client-ca-file=${pki('front-proxy-ca.crt')}`,
      '--requestheader-allowed-names=front-proxy-client',
      '--requestheader-extra-headers-prefix=X-Remote-Extra-',
      '--requestheader-group-headers=X-Remote-Group',
      '--requestheader-username-headers=X-Remote-User',
      `--proxy-client-cert-file=${pki('front-proxy.crt')}`,
      `--proxy-client-key-file=${pki('front-proxy.key')}`,
      '--event-ttl=24h',
      `--audit-policy-file=${pki('audit-policy.json')}`,
      `--audit-log-path=${join(this.#options.paths.logs, 'audit.log')}`,
      ...TIMERS[this.#options.timers].apiServer,
    ])
  }

  async #startControllers(): Promise<void> {
    const { bin, clusterName, ec2Endpoint, timers } = this.#options
    const [controllerManager, scheduler, cloudController] = await Promise.all([
      this.kubeconfig('system:kube-controller-manager'),
      this.kubeconfig('system:kube-scheduler'),
      this.kubeconfig('cloud-controller-manager', 'system:masters'),
    ])
    await this.#writePki({
      'controller-manager.kubeconfig': controllerManager,
      'scheduler.kubeconfig': scheduler,
      'cloud-controller.kubeconfig': cloudController,
      'cloud.conf': cloudConfig(clusterName, ec2Endpoint),
    })
    const pki = (file: string) => join(this.#options.paths.pki, file)
    const access = (file: string) =>
      ['kubeconfig', 'authentication-kubeconfig', 'authorization-kubeconfig'].map(
        (flag) => `--${flag}=${pki(file)}`,
      )
    this.#start('kube-controller-manager', join(bin, 'kube-controller-manager'), [
      ...access('controller-manager.kubeconfig'),
      `--service-account-private-key-file=${pki('service-account.key')}`,
      `--root-ca-file=${pki('ca.crt')}`,
      '--use-service-account-credentials=true',
      '--leader-elect=false',
      // Its default of 20 a second makes the start of its forty controllers take 5 s.
      '--kube-api-qps=200',
      '--kube-api-burst=400',
      `--cluster-cidr=${POD_CIDR}`,
      '--allocate-node-cidrs=false',
      `--service-cluster-ip-range=${SERVICE_CIDR}`,
      ...TIMERS[timers].controllerManager,
    ])
    this.#start('kube-scheduler', join(bin, 'kube-scheduler'), [
      ...access('scheduler.kubeconfig'),
      '--leader-elect=false',
    ])
    this.#start(
      'cloud-controller-manager',
      join(bin, 'aws-cloud-controller-manager'),
      [
        `--kubeconfig=${pki('cloud-controller.kubeconfig')}`,
        '--cloud-provider=aws',
        `--cloud-config=${pki('cloud.conf')}`,
        '--controllers=cloud-node-lifecycle-controller',
        '--leader-elect=false',
        '--use-service-account-credentials=false',
      ],
      awsEnvironment(ec2Endpoint),
    )
  }

  async #writePki(files: Record<string, string>): Promise<void> {
    await Promise.all(
      Object.entries(files).map(([name, content]) =>
        writeFile(join(this.#options.paths.pki, name), content, { mode: 0o600 }),
      ),
    )
  }
}

/** The lab's own access key; worth nothing anywhere else. */
export const LAB_CREDENTIALS = {
  accessKeyId: 'AKIAZONEFALLLAB00000',
  secretAccessKey: 'zonefall-lab-only',
} as const

/** The key that is given out in place of the lab's own where it is to have a policy. */
export const RESTRICTED_CREDENTIALS = {
  accessKeyId: 'AKIAZONEFALLLAB00001',
  secretAccessKey: 'zonefall-lab-restricted',
} as const

/** What every AWS client inside the lab runs with. */
export function awsEnvironment(ec2Endpoint: string): Record<string, string> {
  return {
    AWS_REGION: REGION,
    AWS_ENDPOINT_URL_EC2: ec2Endpoint,
    AWS_EC2_ENDPOINT: ec2Endpoint,
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_ACCESS_KEY_ID: LAB_CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: LAB_CREDENTIALS.secretAccessKey,
  }
}

/** The cloud controller without a metadata service: everything it would ask there is given. */
function cloudConfig(clusterName: string, ec2Endpoint: string): string {
  return `[Global]
Zone = ${REGION}a
Region = ${REGION}
VPC = ${VPC_ID}
SubnetID = subnet-00000000000000001
KubernetesClusterID = ${clusterName}
DisableSecurityGroupIngress = true

[ServiceOverride "1"]
Service = EC2
Region = ${REGION}
URL = ${ec2Endpoint}
SigningRegion = ${REGION}
`
}
