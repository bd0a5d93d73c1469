import type { V1Node, V1Pod } from '@kubernetes/client-node'
import { writeFailure } from '../../faults/io-probe.ts'
import type { Cluster } from '../../kube/cluster.ts'
import { execInPod } from '../../kube/exec.ts'
import { nodeTroubles } from '../../kube/node-state.ts'
import { isPodReady } from '../../kube/pod-state.ts'
import { InconclusiveError } from '../../model/errors.ts'
import { randomLetters } from '../../std/ids.ts'
import { poll } from '../../std/poll.ts'
import { CONTAINERS, NAMESPACE } from './probe-set.ts'

const PATH = '/data'
const ROW = `${PATH}/row`

/** By the pod's name: its claim, the volume behind it, and what was read from that. */
export type ProbeData = Readonly<Record<string, string>>

/** The rows that were written to the volumes of the probe set, one each. */
export class ProbeSetData {
  readonly #cluster: Cluster
  readonly #pods: number

  /** Writes a row of its own to the volume of each of so many pods, onto the disk. */
  static async write(cluster: Cluster, pods: number): Promise<ProbeSetData> {
    const set = new ProbeSetData(cluster, pods)
    for (const pod of Object.keys(await set.settled())) {
      const command = ['sh', '-c', `echo "$0" > ${ROW} && sync ${ROW} ${PATH}`, randomLetters(12)]
      const { exitCode, stderr } = await execInPod(cluster, { ...inPod(pod), command })
      if (exitCode !== 0) throw new InconclusiveError(`Pod ${pod} can't write its row: ${stderr}`)
    }
    return set
  }

  private constructor(cluster: Cluster, pods: number) {
    this.#cluster = cluster
    this.#pods = pods
  }

  /**
   * Waits until all nodes are as they should be and the pods Ready and able to write.
   *
   * @returns what they hold
   * @throws WaitTimeoutError that says what is missing
   */
  settled(): Promise<ProbeData> {
    return poll(
      { what: 'the probe set to be Ready on its volumes', budget: 'podMoved' },
      async () => {
        const missing = await this.#missing()
        if (missing.length > 0) return { done: false, seen: missing }
        const { items } = await this.#cluster.core.listNamespacedPod({ namespace: NAMESPACE })
        const held = await Promise.all(
          items.map(async (pod) => [nameOf(pod), await this.#held(pod)]),
        )
        return { done: true, value: Object.fromEntries(held) }
      },
    )
  }

  /**
   * Replaces pods whose containers were restarted: the kubelet waits longer before each next
   * restart, up to five minutes, which would be taken for the next fault's doing.
   *
   * @returns what `settled` does
   */
  async fresh(): Promise<ProbeData> {
    await this.settled()
    const { core } = this.#cluster
    const { items } = await core.listNamespacedPod({ namespace: NAMESPACE })
    for (const pod of items.filter((item) => wasRestarted(item))) {
      await core.deleteNamespacedPod({ name: nameOf(pod), namespace: NAMESPACE })
    }
    return this.settled()
  }

  /** Waits as `settled` does; what differs then, a sentence each. */
  async differences(before: ProbeData): Promise<string[]> {
    const now = await this.settled()
    return Object.entries(before).flatMap(([pod, held]) =>
      now[pod] === held ? [] : [`Pod ${pod} held ${held} and holds ${now[pod] ?? 'nothing'}.`],
    )
  }

  async #missing(): Promise<string[]> {
    const { core, storage } = this.#cluster
    const { items: nodes } = await core.listNode()
    const { items: pods } = await core.listNamespacedPod({ namespace: NAMESPACE })
    const { items: attachments } = await storage.listVolumeAttachment()
    const ready = pods.filter((pod) => isPodReady(pod))
    const isWhole = [pods, ready, attachments].every(({ length }) => length === this.#pods)
    const missing = [
      ...nodes.flatMap((node: V1Node) => nodeTroubles(node)),
      ...(isWhole
        ? []
        : [
            `${ready.length} Ready of ${pods.length} pods (of ${this.#pods})`,
            `${attachments.length} attachments`,
          ]),
    ]
    if (missing.length > 0) return missing
    const failures = await Promise.all(
      pods.map((pod) => writeFailure(this.#cluster, { ...inPod(nameOf(pod)), path: PATH })),
    )
    return failures.filter((failure) => failure !== undefined)
  }

  async #held(pod: V1Pod): Promise<string> {
    const { core } = this.#cluster
    const claims = (pod.spec?.volumes ?? []).flatMap(
      ({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName ?? [],
    )
    const [name = ''] = claims
    const claim = await core.readNamespacedPersistentVolumeClaim({ name, namespace: NAMESPACE })
    const volume = await core.readPersistentVolume({ name: claim.spec?.volumeName ?? '' })
    const command = ['cat', ROW]
    const read = await execInPod(this.#cluster, { ...inPod(nameOf(pod)), command })
    const row = read.exitCode === 0 ? read.stdout.trim() : `no row (${read.stderr.trim()})`
    return `claim ${claim.metadata?.uid}, volume ${volume.spec?.csi?.volumeHandle}, row ${row}`
  }
}

function inPod(pod: string) {
  return { namespace: NAMESPACE, pod, container: CONTAINERS.volume }
}

function wasRestarted({ status }: V1Pod): boolean {
  return (status?.containerStatuses ?? []).some(({ restartCount }) => restartCount > 0)
}

function nameOf({ metadata }: V1Pod): string {
  return metadata?.name ?? '?'
}
