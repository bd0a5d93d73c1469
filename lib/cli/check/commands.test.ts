import { expect, test } from 'vitest'
import { commandFaults, knownCommands } from './commands.ts'

const known = knownCommands()

test.for([
  ['npx zonefall run cassandra/cordon --tier full', undefined],
  ['    npx zonefall plan   --target kubeconfig --context staging', undefined],
  ['`npm test -- --target eks --budget-usd 1` runs', undefined],
  ['npx zonefall lab up --zones 3', undefined],
  ['npx zonefall --help, npx zonefall COMMAND', undefined],
  ['npx zonefall cleanup --run=ID', undefined],
  ['`npx zonefall sweep`', 'names npx zonefall sweep, which there is not'],
  ['npx zonefall plan --keep', 'gives zonefall plan the option --keep, which it does not take'],
  ['npx zonefall migrate check --from i-1 --into x', undefined],
  [
    'npx zonefall migrate plan --what',
    'gives zonefall migrate plan the option --what, which it does not take',
  ],
  ['npm test -- --teir full', 'gives zonefall run the option --teir, which it does not take'],
] as const)('%s', ([text, fault]) => {
  expect(commandFaults(text, known)).toEqual(fault === undefined ? [] : [{ line: 1, fault }])
})

test('a line that goes on is read to its end', () => {
  expect(commandFaults('x\nnpx zonefall run \\\n  --what\n', known)).toEqual([
    { line: 2, fault: 'gives zonefall run the option --what, which it does not take' },
  ])
})
