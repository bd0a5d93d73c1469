import { expect, it } from 'vitest'
import { lineOfTrouble } from './last-words.ts'

it('finds the last line that speaks of an error', () => {
  const log = [
    'ERROR [main] the first',
    'Exception (java.lang.RuntimeException) encountered during startup: A node required to move is down',
    'INFO  Paused hints dispatch',
  ].join('\n')
  expect(lineOfTrouble(log)).toMatch(/A node required to move is down$/)
})

it('finds none where none is', () => {
  expect(lineOfTrouble('INFO  all is well\nINFO  NoErrorsHere')).toBeUndefined()
})

it('cuts a line that nobody would read to its end', () => {
  expect(lineOfTrouble(`ERROR ${'x'.repeat(1000)}`)).toHaveLength(301)
})
