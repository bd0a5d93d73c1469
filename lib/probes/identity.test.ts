import { expect, test } from 'vitest'
import { compareIdentity, type Identity } from './identity.ts'

const before: Identity = {
  name: 'cassandra-0',
  uid: 'u1',
  ip: '10.1.1.2',
  claims: ['cassandra-data-cassandra-0'],
  volumeIds: ['vol-1'],
  hostId: 'h1',
}
const back: Identity = { ...before, uid: 'u2', ip: '10.1.1.9' }
const all = { sameName: true, sameVolume: true, sameHostId: true, newAddress: true }

test('accepts who came back as who was there', () => {
  expect(compareIdentity(before, back, all)).toEqual({ differences: [], unknown: [] })
})

test('finds every way of not being the same', () => {
  const other = { ...back, volumeIds: ['vol-2'], hostId: 'h2', claims: ['other'] }
  expect(compareIdentity(before, other, all).differences).toEqual([
    'cassandra-0 had the claims cassandra-data-cassandra-0, now other.',
    'cassandra-0 was on volume vol-1 and is on vol-2.',
    'cassandra-0 was host h1 and is h2: another member.',
  ])
  expect(compareIdentity(before, other, {}).differences).toEqual([])
})

test('says unknown of what it could not see', () => {
  const { hostId: _, ...nameless } = back
  expect(compareIdentity(before, nameless, all).unknown).toEqual([
    'The host id of cassandra-0 is not known.',
  ])
  expect(compareIdentity(before, before, all).unknown).toEqual([
    'Pod cassandra-0 was never replaced.',
    'cassandra-0 got its old address 10.1.1.2 again, so nothing is proven of names.',
  ])
})
