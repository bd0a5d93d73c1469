import { expect, it } from 'vitest'
import { replicationWords } from './replication-words.ts'

it.each([
  ['5.7.44-log', 'SLAVE', 'MASTER_POS_WAIT', 'SHOW MASTER STATUS'],
  ['8.0.25', 'SLAVE', 'MASTER_POS_WAIT', 'SHOW MASTER STATUS'],
  ['8.0.33', 'REPLICA', 'SOURCE_POS_WAIT', 'SHOW MASTER STATUS'],
  ['8.4.3-commercial', 'REPLICA', 'SOURCE_POS_WAIT', 'SHOW BINARY LOG STATUS'],
  ['9.7.4', 'REPLICA', 'SOURCE_POS_WAIT', 'SHOW BINARY LOG STATUS'],
])('speaks to %s in words that it knows', (version, replica, wait, showLog) => {
  expect(replicationWords(version)).toMatchObject({ replica, wait, showLog })
})
