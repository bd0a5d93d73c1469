import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { addressesOf, parseTokenRanges, type TokenRange } from './token-ranges.ts'

const OUTPUT_311 = `Schema Version:4b2ad5b1-7d3c-3a8c-9f5e-0d6f3f1c2b1a
TokenRange: 
\tTokenRange(start_token:-9131500000000000001, end_token:-4000, endpoints:[10.1.0.2, 10.1.2.3, 10.1.1.2], rpc_endpoints:[10.1.0.2, 10.1.2.3, 10.1.1.2], endpoint_details:[EndpointDetails(host:10.1.0.2, datacenter:dc1, rack:us-east-1a)])
\tTokenRange(start_token:-4000, end_token:9007199254740993, endpoints:[10.1.2.3], rpc_endpoints:[10.1.2.3], endpoint_details:[])
\tTokenRange(start_token:9007199254740993, end_token:-9131500000000000001, endpoints:[10.1.1.2], rpc_endpoints:[10.1.1.2], endpoint_details:[])
`

const MIN = -(2n ** 63n)
const MAX = 2n ** 63n - 1n

describe('token ranges', () => {
  const ranges = parseTokenRanges(OUTPUT_311)

  test('are read with the replicas alone, to the last digit', () => {
    expect(ranges).toEqual([
      {
        afterToken: -9131500000000000001n,
        upToToken: -4000n,
        addresses: ['10.1.0.2', '10.1.1.2', '10.1.2.3'],
      },
      { afterToken: -4000n, upToToken: 9007199254740993n, addresses: ['10.1.2.3'] },
      {
        afterToken: 9007199254740993n,
        upToToken: -9131500000000000001n,
        addresses: ['10.1.1.2'],
      },
    ])
    expect(parseTokenRanges("nodetool: The keyspace nothing, doesn't exist")).toEqual([])
  })

  test('end with their token and begin after it, round the ring too', () => {
    expect(addressesOf(ranges, -4000n)).toHaveLength(3)
    expect(addressesOf(ranges, -3999n)).toEqual(['10.1.2.3'])
    expect(addressesOf(ranges, 9007199254740994n)).toEqual(['10.1.1.2'])
    for (const token of [MIN, MAX, -9131500000000000001n]) {
      expect(addressesOf(ranges, token)).toEqual(['10.1.1.2'])
    }
  })

  test('hold each token once, however the ring is divided', () => {
    const tokens = fc.uniqueArray(fc.bigInt(MIN, MAX), { minLength: 1, maxLength: 20 })
    fc.assert(
      fc.property(tokens, fc.bigInt(MIN, MAX), (ends, token) => {
        const sorted = ends.toSorted((a, b) => (a < b ? -1 : 1))
        const divided = sorted.map((upToToken, i): TokenRange => {
          const afterToken = sorted.at(i - 1) ?? 0n
          return { afterToken, upToToken, addresses: [String(upToToken)] }
        })
        const owner = sorted.find((end) => token <= end) ?? sorted[0]
        expect(addressesOf(divided, token)).toEqual([String(owner)])
      }),
    )
  })

  test('that are missing or overlap tell nothing', () => {
    expect(addressesOf(ranges.slice(1), -5000n)).toBeUndefined()
    expect(addressesOf([...ranges, ...ranges], -5000n)).toBeUndefined()
  })
})
