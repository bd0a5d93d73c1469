import { describe, expect, it } from 'vitest'
import { signerOf } from './signature.ts'

const credential = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
}

/** The case `get-vanilla-query-order-key-case` of AWS's own test suite for Signature Version 4. */
const request = {
  method: 'GET',
  target: '/?Param2=value2&Param1=value1',
  headers: {
    host: 'example.amazonaws.com',
    'x-amz-date': '20150830T123600Z',
    authorization:
      'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, ' +
      'SignedHeaders=host;x-amz-date, ' +
      'Signature=b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500',
  },
  body: Buffer.alloc(0),
}
const AT_MS = Date.parse('2015-08-30T12:36:00Z')

describe('a signature', () => {
  it('names who made it', () => {
    expect(signerOf(request, [credential], AT_MS)).toBe(credential)
  })

  it.each([
    ['other parameters', { target: '/?Param2=value2&Param1=value3' }],
    ['another method', { method: 'POST' }],
    ['another body', { body: Buffer.from('x') }],
    ['no signature', { headers: { host: 'example.amazonaws.com' } }],
    ['a wrong header', { headers: { ...request.headers, host: 'elsewhere' } }],
    ['another day', { headers: { ...request.headers, 'x-amz-date': '20150831T123600Z' } }],
    ['no date', { headers: { ...request.headers, 'x-amz-date': '20150830' } }],
  ])('does not hold for %s', (_what, change) => {
    expect(signerOf({ ...request, ...change }, [credential], AT_MS)).toBeUndefined()
  })

  it('does not hold for long, nor for another key', () => {
    expect(signerOf(request, [credential], AT_MS + 16 * 60_000)).toBeUndefined()
    expect(signerOf(request, [{ ...credential, accessKeyId: 'X' }], AT_MS)).toBeUndefined()
    expect(signerOf(request, [{ ...credential, secretAccessKey: 'X' }], AT_MS)).toBeUndefined()
  })
})
