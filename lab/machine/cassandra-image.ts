import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { MachineSpec } from '../ec2/backend.ts'
import type { MachineImage } from './machines.ts'

/** The image of machines that are no nodes of a cluster, with Cassandra installed on them. */
export const CASSANDRA_IMAGE = {
  id: 'ami-0000000000000ca55',
  name: 'zonefall-cassandra-3.11',
  description: 'Debian with Cassandra 3.11 installed, and no Kubernetes',
} as const

export interface CassandraImageOptions {
  /** Root file systems, topmost first. */
  readonly rootfs: readonly string[]
  /** Address of the VPC's resolver. */
  readonly resolver: string
}

/**
 * A machine as people made them before Kubernetes: it runs its user data, and nothing else. All that
 * it is for, a file system on its data volume and a database, is done by that script.
 */
export function cassandraImage(options: CassandraImageOptions): MachineImage {
  return {
    id: CASSANDRA_IMAGE.id,
    async firstBoot(spec, site) {
      const services = await readFile(join(import.meta.dirname, 'services.sh'), 'utf8')
      const cloudInit = await readFile(join(import.meta.dirname, 'cloud-init.sh'), 'utf8')
      const files = {
        ...machineFiles(spec, options.resolver),
        'opt/zonefall/services.sh': services,
        'opt/zonefall/image.sh': cloudInit,
        'var/lib/cloud/instance/user-data.txt': spec.userData,
      }
      for (const [path, content] of Object.entries(files)) {
        const file = join(site.rootDisk, path)
        await mkdir(dirname(file), { recursive: true })
        await writeFile(file, content)
      }
      return { rootfs: options.rootfs.join(':'), binds: [] }
    },
  }
}

const machineFiles = (spec: MachineSpec, resolver: string): Record<string, string> => ({
  'etc/machine-id': `${spec.instanceId.slice(2).padStart(32, '0')}\n`,
  'etc/hosts': `127.0.0.1 localhost\n${spec.privateIp} ${spec.privateDnsName}\n`,
  'etc/resolv.conf': `nameserver ${resolver}\n`,
})
