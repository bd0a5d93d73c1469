import { expect, test } from 'vitest'
import { exitCodeOf } from './exec.ts'

test('reads the exit code from the status that ends a command', () => {
  expect(exitCodeOf('{"metadata":{},"status":"Success"}', 'x')).toBe(0)
  const failed =
    '{"metadata":{},"status":"Failure","message":"command terminated with non-zero exit code","reason":"NonZeroExitCode","details":{"causes":[{"reason":"ExitCode","message":"7"}]}}'
  expect(exitCodeOf(failed, 'x')).toBe(7)
})

test('takes a command that never ran for no answer', () => {
  const refused =
    '{"status":"Failure","message":"container not found (\\"x\\")","reason":"InternalError"}'
  expect(() => exitCodeOf(refused, '"ls" in pod p')).toThrow(
    '"ls" in pod p could not be run: container not found ("x")',
  )
  expect(() => exitCodeOf('not json', 'x')).toThrow("The end of x can't be understood")
})
