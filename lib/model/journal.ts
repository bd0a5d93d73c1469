/**
 * The journal: before anything is changed its intent and undo are appended and fsynced, then the
 * change is made, then the outcome is appended. Replaying the undos of all entries that are not
 * `undone` or `refused`, youngest first, brings the cluster back. Undos are data, because the process that
 * replays them is rarely the one that wrote them.
 */
export type JournalEntry =
  | {
      readonly step: 'intent'
      readonly id: string
      readonly at: string
      /** Id of the scenario, or the file's stem (`cassandra/failover`) for what its scenarios share. */
      readonly scenario: string
      /** When it is undone at the latest: at the end of the scenario, or of its file. */
      readonly scope: UndoScope
      /** One sentence: `cordon node ip-10-0-1-10`. */
      readonly action: string
      readonly undo: Undo
    }
  | {
      readonly step: 'changed'
      readonly id: string
      readonly at: string
      /** UID of the object that was created: its undo leaves any other of that name alone. */
      readonly uid?: string
    }
  /** A creation was refused for good (HTTP 4xx): it did not happen, so nothing is due. */
  | { readonly step: 'refused'; readonly id: string; readonly at: string; readonly error: string }
  /** The call failed: it may have happened all the same, so the undo stays due. */
  | { readonly step: 'uncertain'; readonly id: string; readonly at: string; readonly error: string }
  | { readonly step: 'undone'; readonly id: string; readonly at: string }
  | {
      readonly step: 'undo-failed'
      readonly id: string
      readonly at: string
      readonly error: string
    }

/** How to take a change back; idempotent, with recorded ids and the state from before. */
export type Undo =
  | {
      readonly kind: 'delete-object'
      readonly apiVersion: string
      readonly objectKind: string
      readonly namespace?: string
      readonly name: string
      /** Wait until it is gone, and for a claim until its PV and volume are gone. */
      readonly awaitGone: boolean
    }
  | {
      readonly kind: 'delete-claims'
      readonly namespace: string
      /** With the run's label where the target is shared. */
      readonly selector: string
      /** What the claims' names begin with, before `-<ordinal>`: `data-cassandra`. */
      readonly prefixes?: readonly string[]
    }
  | { readonly kind: 'set-unschedulable'; readonly node: string; readonly value: boolean }
  | {
      readonly kind: 'scale-statefulset'
      readonly namespace: string
      readonly name: string
      readonly replicas: number
    }
  /** Instances that ran; done when they run again and their nodes are Ready. */
  | { readonly kind: 'start-instances'; readonly instances: readonly NodeInstance[] }
  /** Processes of an Auto Scaling group that were not suspended before; its instances are set Healthy first. */
  | {
      readonly kind: 'resume-processes'
      readonly group: string
      readonly processes: readonly string[]
      readonly instances: readonly string[]
    }
  /** Nothing brings a terminated instance back: its group's replacement is awaited. */
  | {
      readonly kind: 'await-replacement'
      readonly group: string
      readonly zone: string
      readonly instance: NodeInstance
      /** Instances of the group in the zone, the terminated one included. */
      readonly count: number
    }
  /** Ends what a launch that should have failed has launched, found by its client token. */
  | { readonly kind: 'terminate-launched'; readonly token: string }
  /** Puts the subnet's old ACL back, if the ACL that it has now is the one with this token. */
  | {
      readonly kind: 'restore-acl-association'
      readonly subnetId: string
      readonly aclId: string
      readonly token: string
    }
  | { readonly kind: 'delete-acl'; readonly token: string }
  /** Deletes snapshots and volumes that were copied from others with this token. */
  | { readonly kind: 'delete-copies'; readonly token: string }
  /** Restarts databases on machines outside Kubernetes that were drained and don't serve since. */
  | {
      readonly kind: 'restart-databases'
      readonly hosts: readonly { readonly instanceId: string; readonly address: string }[]
      /** The command that runs others on a machine. */
      readonly onInstance: string
      readonly restart: string
    }
  | { readonly kind: 'restore-capacity'; readonly zone: string }
  /** Puts a volume that was pulled out under a pod back, by way of the kubelet. */
  | ({ readonly kind: 'remount-volume' } & MountedVolume)
  | {
      readonly kind: 'remove-taint'
      readonly node: string
      readonly key: string
      readonly effect: string
    }
  | ({ readonly kind: 'continue-process' } & ContainerProcess)
  /** Nothing to take back (a pod was deleted): kept so that the journal tells everything. */
  | { readonly kind: 'none' }

/** A node and the instance that it is. */
export interface NodeInstance {
  readonly id: string
  readonly node: string
}

/** A volume as a pod has it mounted. */
export interface MountedVolume {
  readonly namespace: string
  readonly pod: string
  readonly uid: string
  readonly node: string
  /** What the node's cordon was before. */
  readonly wasUnschedulable: boolean
  readonly volumeId: string
  readonly instanceId: string
  /** Name of the VolumeAttachment. */
  readonly attachment: string
}

/** A process in a container, by its number there. */
export interface ContainerProcess {
  readonly namespace: string
  readonly pod: string
  readonly uid: string
  readonly container: string
  /** `containerd://…`: after a restart it is another one, with other processes. */
  readonly containerId: string
  readonly pid: number
}

export type UndoScope = 'scenario' | 'file'

/** The part of an entry that tells whether its change is still due to be taken back. */
interface DueEntry {
  readonly step: JournalEntry['step']
  readonly id: string
  readonly undo?: { readonly kind: string }
}

/** Ids of the changes that were made, or perhaps were, and not taken back; youngest first. */
export function dueChanges(entries: readonly DueEntry[]): string[] {
  const due = new Set<string>()
  for (const { step, id, undo } of entries) {
    if (step === 'intent' && undo?.kind !== 'none') due.add(id)
    if (step === 'undone' || step === 'refused') due.delete(id)
  }
  return [...due].toReversed()
}
