import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import protobuf from 'protobufjs'

/** protobufjs' JSON form of the three services' messages; small enough to sit inside the bundle. */
export type Descriptors = protobuf.INamespace

/** Where the Go modules with the two .proto files are on this machine. */
export interface ProtoDirs {
  /** Folder of the Go module github.com/container-storage-interface/spec. */
  readonly csiSpecDir: string
  /** Folder of the Go module k8s.io/kubelet. */
  readonly kubeletDir: string
}

const SERVICES = new Set(['Identity', 'Controller', 'Node', 'Registration'])

/**
 * Reads csi.proto and the kubelet's pluginregistration/v1/api.proto and keeps what the driver
 * serves: no comments, no options, no services but Identity, Controller, Node and Registration.
 *
 * @throws Error of the file system when a module isn't in the given folder.
 */
export async function readDescriptors(dirs: ProtoDirs): Promise<Descriptors> {
  const files = [
    join(dirs.csiSpecDir, 'csi.proto'),
    join(dirs.kubeletDir, 'pkg', 'apis', 'pluginregistration', 'v1', 'api.proto'),
  ]
  const root = new protobuf.Root()
  for (const file of files) {
    protobuf.parse(await readFile(file, 'utf8'), root, { keepCase: false })
  }
  for (const name of ['timestamp', 'wrappers']) {
    const known = protobuf.common.get(`google/protobuf/${name}.proto`)
    if (known !== null) root.addJSON(known.nested ?? {})
  }
  return prune(root.toJSON())
}

/** What only the services that are left out speak of. */
const UNUSED = /GroupController|VolumeGroupSnapshot|GetMetadata|BlockMetadata/

/** Options refer to extensions that are dropped with them; all else is kept as it is. */
function prune(node: object): object {
  return Object.fromEntries(
    Object.entries(node).flatMap(([key, value]: [string, unknown]) => {
      if (/^(options|parsedOptions|valuesOptions|comments)$/.test(key) || UNUSED.test(key))
        return []
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return [[key, value]]
      if ('extend' in value) return []
      if ('methods' in value && !SERVICES.has(key)) return []
      return [[key, prune(value)]]
    }),
  )
}
