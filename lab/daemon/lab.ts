import { createServer as createHttpServer, type Server as HttpServer } from 'node:http'
import { connect, createServer as createTcpServer, type Server } from 'node:net'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { seedContainerdRoot } from '../artifacts/seed-containerd.ts'
import { GO_MODULES } from '../artifacts/versions.ts'
import { applyAddons, addonsReady } from '../cluster/addons.ts'
import { ControlPlane, LAB_CREDENTIALS, RESTRICTED_CREDENTIALS } from '../cluster/control-plane.ts'
import { nodeImage, NODE_IMAGE } from '../cluster/node-image.ts'
import { FileBlockStore } from '../ebs/block-store.ts'
import { type AutoScaling, createAutoScaling } from '../auto-scaling/create-auto-scaling.ts'
import { createEc2 } from '../ec2/create-ec2.ts'
import { createEks } from '../eks/eks-service.ts'
import { createAuthorize } from '../iam/authorize.ts'
import { parsePolicy } from '../iam/policy.ts'
import { CASSANDRA_IMAGE, cassandraImage } from '../machine/cassandra-image.ts'
import { LabMachines } from '../machine/machines.ts'
import {
  ACCOUNT_ID,
  CONTROL_PLANE_IP,
  CONTROL_PLANE_SUBNET,
  labZones,
  REGION,
  SERVICE_CIDR,
  Vpc,
  VPC_CIDR,
  VPC_ID,
} from '../network/vpc.ts'
import { createRegistry } from '../registry/registry.ts'
import type { LabError } from '../std/lab-error.ts'
import type { LabPaths } from '../std/paths.ts'
import { type DaemonConfig, DESCRIPTORS } from './config.ts'
import { CLUSTER_NAME, nodegroup } from './nodegroup.ts'

const EC2_PORT = 8000
const REGISTRY_PORT = 5000
/** Far less than EC2's (API guide, "Request throttling"), so that a few busy clients meet it. */
const REQUEST_LIMIT = { burst: 20, perSecond: 10 }
const EC2_LAG_MS = 1000
const MACHINE_TIMEOUT_MS = 60_000

/** Times a named step of the boot and tells the screen. */
export type Steps = <T>(step: string, text: string, work: () => Promise<T>) => Promise<T>

/** Everything that one lab consists of, in the daemon's namespaces. */
export class Lab {
  readonly config: DaemonConfig
  readonly paths: LabPaths
  readonly #servers: (Server | HttpServer)[] = []
  #plane: ControlPlane | undefined
  #machines: LabMachines | undefined
  #ec2: ReturnType<typeof createEc2> | undefined
  #scaling: AutoScaling | undefined

  constructor(config: DaemonConfig, paths: LabPaths) {
    this.config = config
    this.paths = paths
  }

  get machines(): LabMachines {
    if (this.#machines === undefined) throw new Error('the lab has no machines yet')
    return this.#machines
  }

  /** Boots everything; `onDeath` hears of a part that ends by itself, then or later. */
  async boot(steps: Steps, onDeath: (error: LabError) => void): Promise<void> {
    const { config, paths } = this
    const zones = labZones(config.zones)
    const ec2Endpoint = `http://${CONTROL_PLANE_IP}:${EC2_PORT}`
    await mkdir(paths.logs, { recursive: true })
    const vpc = new Vpc(zones)
    await steps('network', 'the VPC and its zones', () => vpc.create())

    const machines = new LabMachines({
      cgroupPrefix: paths.cgroupPrefix,
      folder: paths.machines,
      logs: paths.logs,
      vpc,
      zones,
      images: [
        nodeImage({
          rootfs: config.artifacts.nodeRootfs,
          bin: config.artifacts.binaries,
          node: process.execPath,
          driver: config.artifacts.driver,
          ...(config.upstreamDriver === undefined ? {} : { upstreamDriver: config.upstreamDriver }),
          ec2Endpoint,
          timers: config.timers,
          registryPort: REGISTRY_PORT,
          controlPlane: () => this.#controlPlane(),
          seedContainerd: async (target) =>
            (await seedContainerdRoot(config.artifacts.ami, target)).binds,
        }),
        cassandraImage({
          rootfs: [config.artifacts.cassandraRootfs, config.artifacts.nodeRootfs],
          resolver: CONTROL_PLANE_IP,
        }),
      ],
      onDeath: (instanceId) => this.#ec2?.machineStopped(instanceId),
    })
    this.#machines = machines
    const blocks = new FileBlockStore(paths.volumes, (id) => machines.host(id))
    machines.useBlocks(blocks)
    const ec2Log = createWriteStream(join(paths.logs, 'ec2.log'), { flags: 'a' })
    const eventLog = (line: string) => ec2Log.write(`${new Date().toISOString()} ${line}\n`)
    const ec2 = createEc2({
      region: REGION,
      accountId: ACCOUNT_ID,
      zones,
      machines,
      blocks,
      network: vpc,
      controlPlane: {
        ...CONTROL_PLANE_SUBNET,
        clusterName: CLUSTER_NAME,
        zone: zones[0]?.name ?? '',
        address: CONTROL_PLANE_IP,
      },
      seed: config.seed,
      vpc: { id: VPC_ID, cidr: VPC_CIDR },
      images: [NODE_IMAGE, CASSANDRA_IMAGE],
      ...(config.ec2.includes('throttled') ? { requestLimit: REQUEST_LIMIT } : {}),
      ...(config.ec2.includes('eventual') ? { eventual: { maxLagMs: EC2_LAG_MS } } : {}),
      credentials: [LAB_CREDENTIALS, RESTRICTED_CREDENTIALS],
      authorize: createAuthorize(
        new Map([
          [
            RESTRICTED_CREDENTIALS.accessKeyId,
            config.iamPolicy === undefined ? [] : [parsePolicy(config.iamPolicy)],
          ],
        ]),
      ),
      eventLog,
    })
    this.#ec2 = ec2
    await this.#serve(ec2.listener, EC2_PORT, DESCRIPTORS.ec2)
    await this.#serve(
      createRegistry({ images: config.artifacts.imageLayouts }).listener,
      REGISTRY_PORT,
    )

    const plane = await ControlPlane.create({
      paths,
      bin: config.artifacts.binaries,
      etcd: join(config.artifacts.nodeRootfs, 'usr/bin/etcd'),
      clusterName: CLUSTER_NAME,
      ec2Endpoint,
      timers: config.timers,
      onDeath,
    })
    this.#plane = plane
    await this.#forwardApiServer()
    await this.#writeKubeconfig()
    const scaling = createAutoScaling({
      region: REGION,
      accountId: ACCOUNT_ID,
      ec2,
      seed: config.seed,
      eventLog,
    })
    this.#scaling = scaling
    ec2.addService(scaling.service)
    const { version } = GO_MODULES['k8s.io/kubernetes']
    ec2.addService(
      createEks({
        region: REGION,
        accountId: ACCOUNT_ID,
        groups: () => scaling.snapshot(),
        cluster: {
          name: CLUSTER_NAME,
          version: /\d+\.\d+/.exec(version)?.[0] ?? version,
          endpoint: `https://127.0.0.1:${config.ports.apiServer}`,
          caCertificate: plane.ca.certificate,
          createdMs: Date.now(),
          vpcId: VPC_ID,
          subnetIds: [CONTROL_PLANE_SUBNET.subnetId],
          serviceCidr: SERVICE_CIDR,
        },
      }),
    )
    // At the same time: a kubelet that is there first tries again until the API server answers.
    await Promise.all([
      steps('control-plane', 'etcd, the API server and its controllers', () => plane.start()),
      steps('machines', `${zones.length} machines, one in each zone`, () => {
        const name = scaling.createGroup(nodegroup(zones, config.instanceType))
        return scaling.inService(name, MACHINE_TIMEOUT_MS)
      }),
    ])
    const wanted = { nodes: zones.length, logs: paths.logs }
    await steps('nodes', 'the nodes on them Ready', () =>
      applyAddons(plane.api, {
        ...wanted,
        ec2Endpoint,
        upstreamDriver: config.upstreamDriver !== undefined,
      }),
    )
    await steps('add-ons', 'CoreDNS and the EBS CSI driver answering', () =>
      addonsReady(plane.api, wanted),
    )
  }

  /** Whether instances can be launched and started in a zone. Throws when there is no such zone. */
  setCapacity(zone: string, has: boolean): void {
    if (this.#ec2 === undefined) throw new Error('the lab has no EC2 yet')
    this.#ec2.setCapacity(zone, has)
  }

  /** What `lab status` shows. */
  status(): Record<string, unknown> {
    return {
      name: this.config.name,
      zoneCount: this.config.zones,
      instanceType: this.config.instanceType,
      timers: this.config.timers,
      ec2: this.config.ec2,
      iamPolicy: this.config.iamPolicy,
      upstreamDriver: this.config.upstreamDriver,
      kubeconfig: this.paths.kubeconfig,
      ...this.#ec2?.snapshot(),
      groups: this.#scaling?.snapshot(),
      machines: this.#machines?.all.map((machine) => ({
        node: machine.spec.privateDnsName,
        instanceId: machine.spec.instanceId,
        zone: machine.spec.zone,
        ip: machine.spec.privateIp,
        on: machine.isOn,
        initPid: machine.initPid,
      })),
    }
  }

  #controlPlane(): ControlPlane {
    if (this.#plane === undefined) throw new Error('the control plane is not up yet')
    return this.#plane
  }

  /** Serves inside the lab, and with `descriptor` on the host's loopback too. */
  async #serve(
    listener: Parameters<typeof createHttpServer>[1],
    port: number,
    descriptor?: number,
  ): Promise<void> {
    const inside = createHttpServer(listener).listen(port, CONTROL_PLANE_IP)
    this.#servers.push(inside)
    await once(inside, 'listening')
    if (descriptor === undefined) return
    const outside = createHttpServer(listener).listen({ fd: descriptor })
    this.#servers.push(outside)
    await once(outside, 'listening')
  }

  /** The host's way to the API server: the socket was opened there, the bytes are carried here. */
  async #forwardApiServer(): Promise<void> {
    const server = createTcpServer({ allowHalfOpen: true }, (client) => {
      const upstream = connect({ port: 443, host: CONTROL_PLANE_IP, allowHalfOpen: true })
      client.pipe(upstream).pipe(client)
      client.on('error', () => upstream.destroy())
      upstream.on('error', () => client.destroy())
      client.on('close', () => upstream.destroy())
      upstream.on('close', () => client.destroy())
    }).listen({ fd: DESCRIPTORS.apiServer })
    this.#servers.push(server)
    await once(server, 'listening')
  }

  async #writeKubeconfig(): Promise<void> {
    const kubeconfig = await this.#controlPlane().kubeconfig(
      'zonefall-admin',
      'system:masters',
      `https://127.0.0.1:${this.config.ports.apiServer}`,
    )
    await writeFile(this.paths.kubeconfig, kubeconfig, { mode: 0o600 })
    await chmod(this.paths.kubeconfig, 0o600)
  }
}
