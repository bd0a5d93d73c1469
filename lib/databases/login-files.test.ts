import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { DatabaseAccess } from '../model/database-access.ts'
import { loginMount, readLoginFiles, type SecretProjection } from './login-files.ts'

let dir = ''
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'zonefall-login-files-'))
})
afterAll(() => rm(dir, { recursive: true }))

const SECRETS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  people: { user: 'zoe', pwd: 'secret one' },
  keys: { 'ca.crt': 'the CA', crt: 'a certificate', key: 'secret two' },
}

/** Mounts Secrets as the kubelet would. */
async function mount(sources: readonly SecretProjection[]): Promise<string> {
  const folder = await mkdtemp(join(dir, 'mount-'))
  for (const { secret } of sources) {
    for (const { key, path } of secret.items) {
      await writeFile(join(folder, path), SECRETS[secret.name]?.[key] ?? '')
    }
  }
  return folder
}

const credentials = { secret: 'people', usernameKey: 'user', passwordKey: 'pwd' }
const tls = { secret: 'keys', caKey: 'ca.crt' }

test.for<[string, DatabaseAccess, object]>([
  ['nothing', {}, {}],
  [
    'a name and a password',
    { credentials },
    {
      credentials: { username: 'zoe', password: 'secret one' },
    },
  ],
  [
    'a password alone',
    { credentials: { ...credentials, username: 'root' } },
    {
      credentials: { username: 'root', password: 'secret one' },
    },
  ],
  ['a CA', { tls }, { tls: { ca: 'the CA' } }],
  [
    'certificates of both sides',
    {
      credentials,
      tls: { ...tls, certKey: 'crt', keyKey: 'key', serverName: 'db' },
    },
    {
      credentials: { username: 'zoe', password: 'secret one' },
      tls: { ca: 'the CA', cert: 'a certificate', key: 'secret two', serverName: 'db' },
    },
  ],
])('%s: what is mounted is what is read', async ([, access, login]) => {
  const { sources, files } = loginMount(access)
  // An agent is told this, and keeps it on its disk.
  expect(JSON.stringify(files)).not.toContain('secret')
  expect(readLoginFiles({ ...files, folder: await mount(sources) })).toEqual(login)
})
