import { expect, test } from 'vitest'
import { linesOf } from './watch-lines.ts'

async function* chunks(...parts: (string | Uint8Array | Error)[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) {
    if (part instanceof Error) throw part
    yield typeof part === 'string' ? new TextEncoder().encode(part) : part
  }
}

async function all(stream: AsyncIterable<Uint8Array>): Promise<string[]> {
  const lines: string[] = []
  for await (const line of linesOf(stream, () => undefined)) lines.push(line)
  return lines
}

test('lines come whole, however they were cut into chunks', async () => {
  const bytes = new TextEncoder().encode('{"a":"ü"}\n{"b":1}\n\n')
  for (let cut = 0; cut <= bytes.length; cut += 1) {
    const halves = chunks(bytes.subarray(0, cut), bytes.subarray(cut))
    expect(await all(halves)).toEqual(['{"a":"ü"}', '{"b":1}'])
  }
})

test('half a line at the end is dropped, and a cut is told after the lines before it', async () => {
  expect(await all(chunks('one\ntw'))).toEqual(['one'])
  const seen: string[] = []
  const reading = (async () => {
    for await (const line of linesOf(chunks('one\ntw', new Error('cut')), () => undefined)) {
      seen.push(line)
    }
  })()
  await expect(reading).rejects.toThrow('cut')
  expect(seen).toEqual(['one'])
})

test('each chunk is a sign of life, be it less than a line', async () => {
  let heard = 0
  for await (const _ of linesOf(chunks('o', 'n', 'e'), () => void (heard += 1))) break
  expect(heard).toBe(3)
})
