import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { loadSettings } from './load-settings.ts'
import { accessOf, rulesOf } from './settings.ts'
import { configTemplate } from './template.ts'

let dir = ''
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'zonefall-settings-'))
})
afterAll(() => rm(dir, { recursive: true }))

let files = 0
/** Modules are loaded once by name, so each file has its own. */
async function configOf(text: string): Promise<string> {
  files += 1
  const path = join(dir, `config-${files}.ts`)
  await writeFile(path, text)
  return path
}

const load = async (text: string, env: NodeJS.ProcessEnv = {}) =>
  loadSettings({ path: await configOf(text), env })

test('without a file and variables nothing is set, and the rules are the usual ones', async () => {
  const settings = await loadSettings({ cwd: dir, env: {} })
  expect(settings).toEqual({})
  expect(rulesOf(settings)).toMatchObject({
    maxBlastRadius: 10,
    production: { keys: ['environment', 'env', 'stage'], values: '^prod' },
    expected: {},
  })
})

test('a file is TypeScript, and what it says becomes rules', async () => {
  const settings = await load(`
    const groups: string[] = ['chaos']
    export default { cluster: { name: 'staging', account: '123456789012' }, nodeGroups: groups,
      faults: ['cordon-zone'], budgets: { maxBlastRadius: 2 }, production: { keys: ['tier'] } }`)
  expect(rulesOf(settings)).toMatchObject({
    nodeGroups: ['chaos'],
    faults: ['cordon-zone'],
    maxBlastRadius: 2,
    production: { keys: ['tier'], values: '^prod' },
    expected: { cluster: 'staging', account: '123456789012' },
  })
})

test('databases are spoken to by Secrets, whose keys have the usual names', async () => {
  const settings = await load(`export default { databases: {
    cassandra: { credentials: { secret: 'login' }, tls: { secret: 'keys', certKey: 'c', keyKey: 'k' } },
    mysql: { credentials: { secret: 'root', username: 'root', passwordKey: 'pwd' } },
    'mysql-semisync': { manifests: './here' },
  } }`)
  expect(accessOf(settings)).toEqual({
    cassandra: {
      credentials: { secret: 'login', usernameKey: 'username', passwordKey: 'password' },
      tls: { secret: 'keys', caKey: 'ca.crt', certKey: 'c', keyKey: 'k' },
    },
    mysql: {
      credentials: {
        secret: 'root',
        username: 'root',
        usernameKey: 'username',
        passwordKey: 'pwd',
      },
    },
  })
})

test('a legacy ring is named with how its databases are dealt with', async () => {
  const legacy = `instances: ['i-0a', 'i-0b'], onInstance: 'ssh {address}', restart: 'x'`
  expect(await load(`export default { legacy: { ${legacy} } }`)).toEqual({
    legacy: {
      instances: ['i-0a', 'i-0b'],
      onInstance: 'ssh {address}',
      restart: 'x',
      data: '/var/lib/cassandra',
    },
  })
})

test('the file that init writes, wherever it lies, says just what is known', async () => {
  const facts = { target: 'eks', context: 'a', nodeGroups: ["b's"] } as const
  const path = await configOf(configTemplate(facts))
  // A process of its own: vitest has a loader of its own, which finds packages in another way.
  const program = `import { loadSettings } from ${JSON.stringify(join(import.meta.dirname, 'load-settings.ts'))}
    console.log(JSON.stringify(await loadSettings({ path: ${JSON.stringify(path)}, env: {} })))`
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--input-type=module',
    '--eval',
    program,
  ])
  expect(JSON.parse(stdout)).toEqual({
    ...facts,
    cluster: {},
    images: {},
    databases: { cassandra: {} },
    budgets: {},
    production: {},
  })
})

test('the environment comes before the file, setting by setting', async () => {
  const settings = await load(
    `export default { namespace: 'ours', cluster: { name: 'a', region: 'eu-west-1' } }`,
    { ZONEFALL_CLUSTER: 'b', ZONEFALL_NODE_GROUPS: 'one, two', ZONEFALL_NAMESPACE: '' },
  )
  expect(settings).toEqual({
    namespace: 'ours',
    cluster: { name: 'b', region: 'eu-west-1' },
    nodeGroups: ['one', 'two'],
  })
})

test.for<[string, string, NodeJS.ProcessEnv, RegExp]>([
  ['unknown setting', 'export default { nodegroups: [] }', {}, /there is no setting nodegroups/],
  ['unknown one below', 'export default { budgets: { us: 1 } }', {}, /no setting budgets\.us/],
  [
    'one with no effect',
    'export default { databases: { mysql: { user: {} } } }',
    {},
    /no setting databases\.mysql\.user/,
  ],
  [
    'a password',
    `export default { databases: { mysql: { credentials: { secret: 'a', password: 'x' } } } }`,
    {},
    /no setting databases\.mysql\.credentials\.password/,
  ],
  [
    'half a certificate',
    `export default { databases: { mysql: { tls: { secret: 'a', keyKey: 'k' } } } }`,
    {},
    /mysql\.tls: needs certKey and keyKey together/,
  ],
  ['no time', `export default { budgets: { timeLimit: '0s' } }`, {}, /budgets\.timeLimit: must be/],
  [
    'a volume for an instance',
    `export default { legacy: { instances: ['vol-1'], onInstance: 'x', restart: 'x' } }`,
    {},
    /legacy\.instances\.0: is no id of an instance/,
  ],
  [
    'a ring that nobody can restart',
    `export default { legacy: { instances: ['i-1'], onInstance: 'x' } }`,
    {},
    /legacy\.restart: /,
  ],
  ['unknown fault', `export default { faults: ['cordon'] }`, {}, /config-\d+\.ts: faults\.0: /],
  ['no default', 'export const x = 1', {}, /exports no default/],
  ['no TypeScript', 'export default {', {}, /can't be loaded/],
  ['no pattern', `export default { production: { values: '(' } }`, {}, /no regular expression/],
  ['a variable', 'export default {}', { ZONEFALL_BUDGET_USD: 'x' }, /^ZONEFALL_BUDGET_USD: budg/],
  ['no setting at all', 'export default 3', {}, /the settings: /],
])('%s is refused', async ([, text, env, message]) => {
  await expect(load(text, env)).rejects.toThrow(message)
})

test('a file that is named has to be there', async () => {
  const env = { ZONEFALL_CONFIG: 'nowhere.ts' }
  await expect(loadSettings({ cwd: dir, env })).rejects.toMatchObject({
    name: 'PreflightError',
    message: `There is no config file ${join(dir, 'nowhere.ts')}.`,
  })
})
