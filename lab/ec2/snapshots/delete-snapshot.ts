import { defineAction } from '../action.ts'
import { text } from '../wire/parameters.ts'
import { findSnapshot } from './snapshot.ts'

/** One that is pending may be deleted, too, and is then never completed. */
export const deleteSnapshot = defineAction({
  name: 'DeleteSnapshot',
  parameters: { SnapshotId: text },
  prepare(parameters, context) {
    const snapshot = findSnapshot(context, parameters.SnapshotId)
    return () => {
      context.snapshots.delete(snapshot.id)
      context.changed({ kind: 'snapshot', id: snapshot.id, state: 'deleted' })
      const made = Promise.all([snapshot.work, ...snapshot.readers])
      void context.background.run(`delete ${snapshot.id}`, made, () =>
        context.blocks.removeSnapshot(snapshot.id),
      )
      return { return: true }
    }
  },
})
