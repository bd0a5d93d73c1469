import { defineAction } from '../action.ts'
import { compileFilters, type FilterTable } from '../filters.ts'
import { includesAccount } from '../owners.ts'
import { pageOf, sequenceKey } from '../paging.ts'
import { filterParameters, list, pagingParameters, text } from '../wire/parameters.ts'
import { findSnapshot, progressOf, type Snapshot } from './snapshot.ts'
import { snapshotView } from './snapshot-view.ts'

const filters: FilterTable<Snapshot> = {
  'snapshot-id': (snapshot) => snapshot.id,
  'volume-id': (snapshot) => snapshot.volumeId,
  'volume-size': (snapshot) => snapshot.sizeGiB,
  status: (snapshot) => snapshot.state.name,
  description: (snapshot) => snapshot.description,
  encrypted: (snapshot) => snapshot.encrypted,
  'start-time': (snapshot) => new Date(snapshot.startMs).toISOString(),
}

/** All snapshots are the account's own, and no one else's can be seen. */
export const describeSnapshots = defineAction({
  name: 'DescribeSnapshots',
  parameters: {
    SnapshotId: list(text).optional(),
    Owner: list(text).optional(),
    Filter: filterParameters,
    ...pagingParameters,
  },
  prepare({ SnapshotId: ids, Owner: owners, Filter, MaxResults, NextToken }, context) {
    const known: FilterTable<Snapshot> = {
      ...filters,
      'owner-id': () => context.accountId,
      progress: (snapshot) => progressOf(context, snapshot),
    }
    const matches = compileFilters(Filter, known, (snapshot) => snapshot.tags)
    const named = ids?.map((id) => findSnapshot(context, id))
    const mine = includesAccount(owners, context)
    const found = mine ? (named ?? [...context.snapshots.values()]) : []
    // The EBS driver sends 0 for "as many as there are".
    const page = { NextToken, MaxResults: MaxResults === 0 ? undefined : MaxResults }
    const { items, nextToken } = pageOf(found.filter(matches), sequenceKey, page, {
      action: 'DescribeSnapshots',
      min: 5,
      max: 1000,
      query: [ids, owners, Filter],
      idsParameter: ids && 'snapshotIds',
    })
    return () => ({
      snapshotSet: items.map((snapshot) => snapshotView(context, snapshot)),
      nextToken,
    })
  },
})
