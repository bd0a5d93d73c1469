import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  boundText,
  cleanLine,
  cleanText,
  cutLine,
  formatDuration,
  formatValue,
  lettersOf,
  safeJson,
  wrapText,
} from './text.ts'

describe('texts of foreign origin', () => {
  it('lose colours and control characters, and keep lines and tabs', () => {
    expect(cleanText('\u001B[31mred\u001B[0m\tgo\r\nnext\u0000\u0008')).toBe('red\tgo\nnext��')
    expect(cleanText('a\uD800b')).toBe('a�b')
    expect(cleanLine(' one \n\n  two\tthree ')).toBe('one two three')
  })

  it('are bounded, and say how much was cut', () => {
    const text = boundText('x'.repeat(10_000), 1000)
    expect(text.length).toBeLessThanOrEqual(1000)
    expect(text).toContain('… 9000 more characters …')
    expect(boundText('short', 1000)).toBe('short')
  })

  it('never hold what XML forbids, whatever comes in', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const clean = cleanText(text)
        expect(clean.isWellFormed()).toBe(true)
        expect(lettersOf(clean).filter((c) => c < ' ' && c !== '\n' && c !== '\t')).toEqual([])
        expect(cleanText(clean)).toBe(clean)
      }),
    )
  })
})

describe('lines', () => {
  it('wrap between words, break longer words, and lose nothing', () => {
    expect(wrapText('a pod whose zone is cordoned', 12)).toEqual([
      'a pod whose',
      'zone is',
      'cordoned',
    ])
    expect(wrapText('abcdefghij', 4)).toEqual(['abcd', 'efgh', 'ij'])
    expect(wrapText('one\ntwo', 10)).toEqual(['one', 'two'])
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 1, max: 40 }), (text, columns) => {
        const lines = wrapText(text, columns)
        for (const line of lines) expect(lettersOf(line).length).toBeLessThanOrEqual(columns)
        const letters = (of: string): string => of.replaceAll(/\s/g, '')
        expect(letters(lines.join(''))).toBe(letters(cleanText(text)))
      }),
    )
  })

  it('are cut with an ellipsis inside the columns', () => {
    expect(cutLine('abcdef', 4)).toBe('abc…')
    expect(cutLine('abcd', 4)).toBe('abcd')
  })
})

describe('values', () => {
  it.each([
    [640, '640 ms'],
    [999, '1.0 s'],
    [4321, '4.3 s'],
    [9_960, '10 s'],
    [81_400, '81 s'],
    [362_000, '6 min 02 s'],
    [3_599_700, '1 h 00 min'],
    [3_840_000, '1 h 04 min'],
    [172_799_000, '48 h 00 min'],
    [5_000_000_000, '57.9 days'],
    [Number.NaN, '?'],
  ])('%d ms reads %s', (ms, text) => expect(formatDuration(ms)).toBe(text))

  it('are shown on one line, also when they refer to themselves', () => {
    const loop: Record<string, unknown> = { a: 1n, error: new TypeError('no') }
    loop['self'] = loop
    expect(formatValue(loop)).toBe('{"a":"1","error":"TypeError: no","self":"[circular]"}')
    const twice = { x: 1 }
    expect(safeJson([twice, twice])).toBe('[{"x":1},{"x":1}]')
    expect(formatValue(undefined)).toBe('undefined')
  })
})
