/**
 * Every version of what the lab runs, what it is for, and who vouches for the bytes. Change one
 * here, and its recipe builds anew; a Go module's version is changed in `go/go.mod` as well, and a
 * test compares the two.
 */
export interface Component {
  readonly version: string
  readonly use: string
  /** What the downloaded bytes are checked against. */
  readonly checkedBy:
    | 'go.sum and the Go checksum database'
    | 'the signed Release file of the Debian archive'
    | 'images/cassandra-3.11/jars.sha256'
    | 'images/cassandra-5.0/jars.sha256'
    | 'images/cassandra/requirements.txt'
    | 'images/mysql/jars.sha256'
    | "the repository's checksum"
    | 'package-lock.json'
}

const GO = 'go.sum and the Go checksum database'
const DEBIAN = 'the signed Release file of the Debian archive'

/** Go modules, by module path; built in one wrapper module. */
export const GO_MODULES = {
  'k8s.io/kubernetes': {
    version: 'v1.36.3',
    use: 'API server, controller manager, scheduler, kubelet, kube-proxy, kubectl',
    checkedBy: GO,
  },
  'github.com/coredns/coredns': { version: 'v1.14.7', use: 'cluster DNS', checkedBy: GO },
  'github.com/kubernetes-csi/external-provisioner/v6': {
    version: 'v6.3.0',
    use: 'turns claims into volumes',
    checkedBy: GO,
  },
  'github.com/kubernetes-csi/external-attacher/v4': {
    version: 'v4.12.0',
    use: 'attaches volumes to nodes; 4.13 moves to Kubernetes 0.37',
    checkedBy: GO,
  },
  'k8s.io/cloud-provider-aws': {
    version: 'v1.36.1',
    use: 'cloud-node-lifecycle: tells Kubernetes that an instance is stopped or gone',
    checkedBy: GO,
  },
  'github.com/container-storage-interface/spec': {
    version: 'v1.12.0',
    use: 'messages between sidecars and driver; 1.13 does not compile with Kubernetes 1.36',
    checkedBy: GO,
  },
} as const satisfies Record<string, Component>

/** Debian releases that packages are taken from. */
export const DEBIAN_SUITES = {
  node: { version: 'trixie', use: 'root file system of a machine', checkedBy: DEBIAN },
  images: {
    version: 'sid',
    use: 'container images; the only release with a JDK 8',
    checkedBy: DEBIAN,
  },
} as const satisfies Record<string, Component>

/** What goes into the images that are not built from a Go module alone. */
export const IMAGE_CONTENTS = {
  cassandra: {
    version: '3.11.19',
    use: 'behind gcr.io/google-samples/cassandra:v11, v12 and v13; from Maven',
    checkedBy: 'images/cassandra-3.11/jars.sha256',
  },
  cassandra5: {
    version: '5.0.9',
    use: 'behind docker.io/library/cassandra:5.0; from Maven',
    checkedBy: 'images/cassandra-5.0/jars.sha256',
  },
  mysql: {
    version: '8.0.33',
    use: 'behind docker.io/library/mysql:5.7 and 8.0, and gcr.io/google-samples/xtrabackup:1.0; from Maven, the last that takes the words of 5.7',
    checkedBy: 'images/mysql/jars.sha256',
  },
  mavenDependencyPlugin: {
    version: '3.6.1',
    use: "fetches Cassandra's jars and MySQL; is not in the images",
    checkedBy: "the repository's checksum",
  },
  cqlsh: {
    version: '6.2.2',
    use: 'in the Cassandra images; from PyPI',
    checkedBy: 'images/cassandra/requirements.txt',
  },
} as const satisfies Record<string, Component>
