import { expect, test } from 'vitest'
import { parseAddresses } from './dns.ts'

test('reads what getent prints', () => {
  const ahosts =
    '10.1.1.9        STREAM cassandra-0.cassandra.default.svc.cluster.local\n10.1.1.9        DGRAM\n10.1.1.9        RAW\n'
  expect(parseAddresses(ahosts)).toEqual(['10.1.1.9'])
  expect(parseAddresses('10.1.2.3 a\n10.1.2.2 a\n')).toEqual(['10.1.2.2', '10.1.2.3'])
  expect(parseAddresses('')).toEqual([])
})

test('reads what nslookup prints, without the name server’s own address', () => {
  const output =
    'Server:\t\t10.100.0.10\nAddress:\t10.100.0.10#53\n\nName:\tcassandra-0.cassandra.default.svc.cluster.local\nAddress: 10.1.1.9\n'
  expect(parseAddresses(output)).toEqual(['10.1.1.9'])
})
