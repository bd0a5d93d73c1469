import { createHash, randomBytes } from 'node:crypto'
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { isErrno } from './errno.ts'
import { identify, isAlive, type ProcessIdentity } from './process-identity.ts'

/** A lock held by this process until `release`; a process that dies releases its locks. */
export interface LockFile {
  readonly path: string
  release(): Promise<void>
}

/** What a lock's file says. */
export interface LockHolder {
  readonly what: string
  readonly since: string
  readonly holder: ProcessIdentity
}

/** Where this user's locks are. */
function lockFolder(env: NodeJS.ProcessEnv = process.env): string {
  return join(env['XDG_RUNTIME_DIR'] ?? tmpdir(), `zonefall-${userInfo().uid}`, 'locks')
}

/**
 * Takes the lock named `key`, or says who holds it. A holder that no longer runs holds nothing: a
 * pid alone may be somebody else's by now, so its start time and the machine's boot count too.
 */
export async function tryLock(
  key: string,
  what: string,
  folder: string = lockFolder(),
): Promise<LockFile | LockHolder> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const path = join(folder, `${createHash('sha256').update(key).digest('hex').slice(0, 16)}.lock`)
  const holder = identify()
  if (!holder) throw new Error('This process has no entry in /proc.')
  const mine: LockHolder = { what, since: new Date().toISOString(), holder }
  const beside = `${path}.${randomBytes(4).toString('hex')}`
  await writeFile(beside, JSON.stringify(mine))
  try {
    // A link is made whole or not at all, so a lock is never seen half written. Twice, because
    // a dead holder's file has to be moved out of the way first.
    for (let attempt = 0; attempt < 3; attempt += 1) {
      try {
        await link(beside, path)
        return { path, release: () => rm(path, { force: true }) }
      } catch (error) {
        if (!isErrno(error, 'EEXIST')) throw error
      }
      const other = await readHolder(path)
      if (other && isAlive(other.holder)) return other
      await removeStale(path, other)
    }
    throw new Error(`The lock ${path} can't be had: it changes hands all the time.`)
  } finally {
    await rm(beside, { force: true })
  }
}

/** Whether `tryLock` got the lock. */
export function isLocked(answer: LockFile | LockHolder): answer is LockFile {
  return 'release' in answer
}

/**
 * Moves a dead holder's file away. Should another process have taken the lock in between, it was
 * its file that moved, and it goes back.
 */
async function removeStale(path: string, seen: LockHolder | undefined): Promise<void> {
  const aside = `${path}.${randomBytes(4).toString('hex')}.stale`
  try {
    await rename(path, aside)
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return
    throw error
  }
  const moved = await readHolder(aside)
  if (moved && JSON.stringify(moved) !== JSON.stringify(seen) && isAlive(moved.holder)) {
    await rename(aside, path)
    return
  }
  await rm(aside, { force: true })
}

async function readHolder(path: string): Promise<LockHolder | undefined> {
  try {
    const value: unknown = JSON.parse(await readFile(path, 'utf8'))
    return isHolder(value) ? value : undefined
  } catch {
    return undefined
  }
}

function isHolder(value: unknown): value is LockHolder {
  if (typeof value !== 'object' || value === null || !('holder' in value)) return false
  const { holder } = value
  return (
    typeof holder === 'object' &&
    holder !== null &&
    'pid' in holder &&
    'startTicks' in holder &&
    'bootId' in holder &&
    'what' in value &&
    'since' in value
  )
}
