import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { NdjsonAppender, readNdjson } from './ndjson.ts'

let dir = ''
let path = ''
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'zonefall-ndjson-'))
  path = join(dir, 'x.ndjson')
})
afterEach(() => rmSync(dir, { recursive: true }))

const asIs = (value: unknown): unknown => value

test('what was appended is read back in order; an absent file holds nothing', () => {
  expect(readNdjson(path, asIs)).toEqual({ records: [], torn: 0 })
  const file = new NdjsonAppender(path)
  file.append({ n: 1, text: 'zwölf\nlines' }, { durable: true })
  file.append({ n: 2 }, { durable: false })
  file.close()
  expect(readNdjson(path, asIs).records).toEqual([{ n: 1, text: 'zwölf\nlines' }, { n: 2 }])
})

test('a torn last line is dropped and counted', () => {
  writeFileSync(path, '{"n":1}\n{"n":2')
  expect(readNdjson(path, asIs)).toEqual({ records: [{ n: 1 }], torn: 1 })
})

test('appending after a torn line loses only the torn one', () => {
  writeFileSync(path, '{"n":1}\n{"n":2')
  const file = new NdjsonAppender(path)
  file.append({ n: 3 }, { durable: true })
  file.close()
  expect(readNdjson(path, asIs)).toEqual({ records: [{ n: 1 }, { n: 3 }], torn: 1 })
})

test('a record that the check refuses is an error, not a loss', () => {
  appendFileSync(path, '{"n":"one"}\n')
  const check = (): never => {
    throw new Error('no such record')
  }
  expect(() => readNdjson(path, check)).toThrow('no such record')
})

test('lines of several processes never mix', async () => {
  const program = `
    import { NdjsonAppender } from ${JSON.stringify(join(import.meta.dirname, 'ndjson.ts'))}
    const file = new NdjsonAppender(process.argv[1])
    for (let n = 0; n < 200; n += 1) {
      file.append({ who: process.pid, n, filler: 'x'.repeat(n * 50) }, { durable: false })
    }`
  const children = [1, 2, 3].map(() =>
    spawn(process.execPath, ['--input-type=module-typescript', '-e', program, path], {
      stdio: 'inherit',
    }),
  )
  const codes = await Promise.all(children.map(async (child) => (await once(child, 'exit'))[0]))
  expect(codes).toEqual([0, 0, 0])
  const { records, torn } = readNdjson(path, asIs)
  expect({ count: records.length, torn }).toEqual({ count: 600, torn: 0 })
  expect(readFileSync(path, 'utf8').endsWith('\n')).toBe(true)
})
