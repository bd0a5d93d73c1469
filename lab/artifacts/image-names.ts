import { GO_MODULES, IMAGE_CONTENTS } from './versions.ts'
import type { RecipeName } from './recipe.ts'

/** One image of the lab: the names it answers to, and what it really is. */
export interface ImageEntry {
  readonly names: readonly string[]
  /** The recipe whose layout holds it. */
  readonly recipe: RecipeName
  /** What stands behind the names, as a phrase for reports. */
  readonly standsBehind: string
}

const COREDNS = GO_MODULES['github.com/coredns/coredns'].version
const PROVISIONER = GO_MODULES['github.com/kubernetes-csi/external-provisioner/v6'].version
const ATTACHER = GO_MODULES['github.com/kubernetes-csi/external-attacher/v4'].version

const MYSQL = IMAGE_CONTENTS.mysql.version

/** Every image that the lab offers. */
export const IMAGES = {
  pause: {
    names: ['registry.k8s.io/pause:3.10'],
    recipe: 'infra-images',
    standsBehind: "a pause of the lab's own, in Go: waits for signals and reaps children",
  },
  coredns: {
    names: [`registry.k8s.io/coredns/coredns:${COREDNS}`],
    recipe: 'infra-images',
    standsBehind: `CoreDNS ${COREDNS}, built from its Go module`,
  },
  'csi-provisioner': {
    names: [`registry.k8s.io/sig-storage/csi-provisioner:${PROVISIONER}`],
    recipe: 'infra-images',
    standsBehind: `external-provisioner ${PROVISIONER}, built from its Go module`,
  },
  'csi-attacher': {
    names: [`registry.k8s.io/sig-storage/csi-attacher:${ATTACHER}`],
    recipe: 'infra-images',
    standsBehind: `external-attacher ${ATTACHER}, built from its Go module`,
  },
  'ebs-csi-driver': {
    names: ['public.ecr.aws/ebs-csi-driver/aws-ebs-csi-driver:v1.64.0'],
    recipe: 'ebs-csi-image',
    standsBehind: "the lab's own EBS CSI driver in TypeScript, on Node.js",
  },
  node: {
    names: ['docker.io/library/node:24-bookworm-slim'],
    recipe: 'node-image',
    standsBehind: `Node.js 24 from the npm package "node" on Debian's base packages`,
  },
  'cassandra-3.11': {
    names: ['v11', 'v12', 'v13'].map((tag) => `gcr.io/google-samples/cassandra:${tag}`),
    recipe: 'cassandra-3.11-image',
    standsBehind: `Apache Cassandra ${IMAGE_CONTENTS.cassandra.version} from Maven on Debian's OpenJDK 8, with settings for a quick start`,
  },
  'cassandra-5.0': {
    names: ['docker.io/library/cassandra:5.0'],
    recipe: 'cassandra-5.0-image',
    standsBehind: `Apache Cassandra ${IMAGE_CONTENTS.cassandra5.version} from Maven on Debian's OpenJDK 17, with settings for a quick start`,
  },
  mysql: {
    names: ['docker.io/library/mysql:5.7', 'docker.io/library/mysql:8.0'],
    recipe: 'mysql-image',
    standsBehind: `MySQL ${MYSQL} of Oracle's build from Maven, with mysql_native_password, without a binary log unless one is asked for, and with little memory`,
  },
  xtrabackup: {
    names: ['gcr.io/google-samples/xtrabackup:1.0'],
    recipe: 'mysql-image',
    standsBehind: `MySQL ${MYSQL}, ncat, and the lab's own xtrabackup and xbstream: MySQL's clone plugin and tar`,
  },
} as const satisfies Record<string, ImageEntry>
