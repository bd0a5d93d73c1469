import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { cpus, totalmem } from 'node:os'
import { dirname, join } from 'node:path'
import { stringify } from 'yaml'
import type { MachineSpec } from '../ec2/backend.ts'
import { cgroups } from '../machine/cgroups.ts'
import type { MachineImage, MachineSite } from '../machine/machines.ts'
import { instanceType } from '../ec2/instances/instance-types.ts'
import { nodeShape } from './node-shape.ts'
import { type Timers, TIMERS } from './timers.ts'
import { CONTROL_PLANE_IP, DNS_SERVICE_IP, POD_CIDR, REGION } from '../network/vpc.ts'
import { awsEnvironment, type ControlPlane } from './control-plane.ts'

/** The image whose machines join the cluster, as an EKS-optimised AMI's do. */
export const NODE_IMAGE = {
  id: 'ami-00000000000000e25',
  name: 'zonefall-node',
  description: 'Node of the cluster, with its container images',
} as const
const SANDBOX_IMAGE = 'registry.k8s.io/pause:3.10'
const DRIVER_SOCKET = '/var/lib/kubelet/plugins/ebs.csi.aws.com/csi.sock'
const REGISTRATION_DIR = '/var/lib/kubelet/plugins_registry'

export interface NodeImageOptions {
  readonly rootfs: string
  readonly bin: string
  /** Path of the node runtime and of the CSI driver's bundle. */
  readonly node: string
  readonly driver: string
  /** Path of an upstream aws-ebs-csi-driver binary to run instead of the lab's own. */
  readonly upstreamDriver?: string
  readonly ec2Endpoint: string
  readonly timers: Timers
  /** Port of the image registry on the control plane's address. */
  readonly registryPort: number
  readonly controlPlane: () => ControlPlane
  /** Prepares a machine's containerd folder with the images baked into the AMI. */
  readonly seedContainerd: (
    target: string,
  ) => Promise<readonly { source: string; target: string }[]>
}

/** The machine image of the cluster's nodes: containerd, kubelet, kube-proxy and the CSI node side. */
export function nodeImage(options: NodeImageOptions): MachineImage {
  return {
    id: NODE_IMAGE.id,
    async firstBoot(spec, site) {
      const files = await nodeFiles(options, spec, site)
      await Promise.all(
        Object.entries(files).map(async ([path, content]) => {
          const file = join(site.rootDisk, path)
          await mkdir(dirname(file), { recursive: true })
          await writeFile(file, content, { mode: 0o600 })
        }),
      )
      return {
        rootfs: options.rootfs,
        binds: [
          { source: options.bin, target: '/opt/zonefall/bin' },
          { source: options.node, target: '/opt/zonefall/node' },
          { source: options.driver, target: '/opt/zonefall/driver.mjs' },
          ...(options.upstreamDriver === undefined
            ? []
            : [{ source: options.upstreamDriver, target: '/opt/zonefall/aws-ebs-csi-driver' }]),
          ...(await options.seedContainerd(join(site.folder, 'var/lib/containerd'))).map(
            (bind) => ({
              source: bind.source,
              target: bind.target.replace(site.folder, ''),
            }),
          ),
        ],
      }
    },
  }
}

async function nodeFiles(
  options: NodeImageOptions,
  spec: MachineSpec,
  site: MachineSite,
): Promise<Record<string, string>> {
  const plane = options.controlPlane()
  const name = spec.privateDnsName
  const [kubelet, proxy, serving, services] = await Promise.all([
    plane.kubeconfig(`system:node:${name}`, 'system:nodes'),
    plane.kubeconfig('system:kube-proxy'),
    plane.ca.issue({ commonName: name, usage: 'server', hosts: [name, spec.privateIp] }),
    readFile(join(import.meta.dirname, '../machine/services.sh'), 'utf8'),
  ])
  return {
    'opt/zonefall/services.sh': services,
    'opt/zonefall/image.sh': imageScript(options, spec),
    'etc/machine-id': `${spec.instanceId.slice(2).padStart(32, '0')}\n`,
    'etc/hosts': `127.0.0.1 localhost\n${spec.privateIp} ${name}\n`,
    // AWS has its resolver at the VPC's base address + 2, which is the control plane's here.
    'etc/resolv.conf': `nameserver ${CONTROL_PLANE_IP}\n`,
    'etc/containerd/config.toml': containerdConfig(),
    'etc/containerd/certs.d/_default/hosts.toml': `server = "http://${CONTROL_PLANE_IP}:${options.registryPort}"\n\n[host."http://${CONTROL_PLANE_IP}:${options.registryPort}"]\n  capabilities = ["pull", "resolve"]\n`,
    'etc/cni/net.d/10-zonefall.conflist': cniConfig(site.podCidr),
    'etc/kubernetes/ca.crt': plane.ca.certificate,
    'etc/kubernetes/kubelet.crt': serving.certificate,
    'etc/kubernetes/kubelet.key': serving.key,
    'etc/kubernetes/kubelet.kubeconfig': kubelet,
    'etc/kubernetes/kube-proxy.kubeconfig': proxy,
    'etc/kubernetes/kubelet.yaml': kubeletConfig(spec, site, options.timers),
  }
}

function imageScript(options: NodeImageOptions, spec: MachineSpec): string {
  const labels = [
    `topology.kubernetes.io/region=${REGION}`,
    `topology.kubernetes.io/zone=${spec.zone}`,
    `node.kubernetes.io/instance-type=${spec.instanceType}`,
    'eks.amazonaws.com/nodegroup=zonefall',
    'eks.amazonaws.com/capacityType=ON_DEMAND',
  ].join(',')
  const environment = Object.entries(awsEnvironment(options.ec2Endpoint))
    .map(([key, value]) => `export ${key}='${value}'`)
    .join('\n')
  const registrar = `--csi-address=${DRIVER_SOCKET} --kubelet-registration-path=${DRIVER_SOCKET} --plugin-registration-dir=${REGISTRATION_DIR}`
  const driver =
    options.upstreamDriver === undefined
      ? `service ebs-csi-node /opt/zonefall/node /opt/zonefall/driver.mjs node --register --endpoint=unix:${DRIVER_SOCKET} --node-name=${spec.privateDnsName} --plugin-registration-dir=${REGISTRATION_DIR}`
      : `service ebs-csi-node /opt/zonefall/aws-ebs-csi-driver node --endpoint=unix:${DRIVER_SOCKET} --metadata-sources=kubernetes --kubeconfig=/etc/kubernetes/kubelet.kubeconfig --volume-attach-limit=25 --logging-format=text
service ebs-csi-registrar /opt/zonefall/node /opt/zonefall/driver.mjs registrar ${registrar}`
  return `${environment}
export KUBECONFIG=/etc/kubernetes/kubelet.kubeconfig CSI_NODE_NAME=${spec.privateDnsName}
mkdir -p /opt/cni ${dirname(DRIVER_SOCKET)} ${REGISTRATION_DIR}
ln -sfn /usr/lib/cni /opt/cni/bin
# Sockets of the boot before would be taken for live ones.
rm -f ${DRIVER_SOCKET} ${REGISTRATION_DIR}/*.sock
service containerd containerd
until [ -S /run/containerd/containerd.sock ]; do sleep 0.02; done
service kubelet kubelet --config=/etc/kubernetes/kubelet.yaml --kubeconfig=/etc/kubernetes/kubelet.kubeconfig --hostname-override=${spec.privateDnsName} --node-ip=${spec.privateIp} --node-labels=${labels}
service kube-proxy kube-proxy --kubeconfig=/etc/kubernetes/kube-proxy.kubeconfig --hostname-override=${spec.privateDnsName} --cluster-cidr=${POD_CIDR} --proxy-mode=nftables --conntrack-max-per-core=0 --conntrack-tcp-timeout-established=0 --conntrack-tcp-timeout-close-wait=0
${driver}
`
}

function containerdConfig(): string {
  // Without CAP_SYS_RESOURCE nothing may lower oom_score_adj, and every sandbox would die of it.
  return `version = 2
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${SANDBOX_IMAGE}"
  disable_apparmor = true
  restrict_oom_score_adj = true
  max_container_log_line_size = 65536
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "/etc/containerd/certs.d"
`
}

function cniConfig(podCidr: string): string {
  return JSON.stringify({
    cniVersion: '0.4.0',
    name: 'zonefall',
    plugins: [
      {
        type: 'bridge',
        bridge: 'cni0',
        isGateway: true,
        ipMasq: false,
        hairpinMode: true,
        mtu: 1500,
        ipam: {
          // Hands addresses out in turn, so that one isn't soon reused: Cassandra refuses an
          // address that another host id had a minute ago.
          type: 'host-local',
          ranges: [[{ subnet: podCidr }]],
          routes: [{ dst: '0.0.0.0/0' }],
        },
      },
      { type: 'portmap', capabilities: { portMappings: true } },
    ],
  })
}

/** What the kubelet must know of the cgroups: with v2 the machine's is the root of its namespace. */
export function cgroupSettings(version: 1 | 2, cgroup: string): Record<string, unknown> {
  const cgroupDriver = 'cgroupfs'
  return version === 2
    ? { cgroupDriver, cgroupRoot: '/' }
    : // 1.36 refuses v1 unless told.
      { failCgroupV1: false, cgroupDriver, cgroupRoot: `/${cgroup}` }
}

function kubeletConfig(spec: MachineSpec, site: MachineSite, timers: Timers): string {
  const totalMiB = Math.floor(totalmem() / 2 ** 20)
  const shape = nodeShape(instanceType(spec.instanceType))
  return stringify({
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    ...cgroupSettings(cgroups.version, site.cgroup),
    failSwapOn: false,
    containerRuntimeEndpoint: 'unix:///run/containerd/containerd.sock',
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: '/etc/kubernetes/ca.crt' },
    },
    authorization: { mode: 'Webhook' },
    tlsCertFile: '/etc/kubernetes/kubelet.crt',
    tlsPrivateKeyFile: '/etc/kubernetes/kubelet.key',
    clusterDNS: [DNS_SERVICE_IP],
    clusterDomain: 'cluster.local',
    resolvConf: '/etc/resolv.conf',
    maxPods: shape.maxPods,
    providerID: `aws:///${spec.zone}/${spec.instanceId}`,
    // The host is larger than an instance: what is over belongs to the system.
    systemReserved: {
      cpu: `${Math.max(0, cpus().length * 1000 - shape.cpuMillis) + shape.reservedCpuMillis}m`,
      memory: `${Math.max(0, totalMiB - shape.allocatableMiB)}Mi`,
    },
    imageGCHighThresholdPercent: 100,
    evictionHard: {
      'nodefs.available': '0%',
      'imagefs.available': '0%',
      'nodefs.inodesFree': '0%',
    },
    protectKernelDefaults: false,
    // With the default of 10 s a volume waits that long for the kubelet to say that it is in use.
    nodeStatusUpdateFrequency: '1s',
    ...TIMERS[timers].kubelet,
    serializeImagePulls: false,
  })
}
