import { request } from 'node:http'
import { LabError } from '../std/lab-error.ts'
import type { LabPaths } from '../std/paths.ts'

/** What a lab's daemon says of itself. */
export interface LabStatus {
  readonly state: 'booting' | 'up' | 'broken'
  readonly error?: string
  readonly hint?: string
  readonly log?: string
  readonly machines: readonly {
    readonly node: string
    readonly instanceId: string
    readonly zone: string
    readonly ip: string
    readonly on: boolean
    readonly initPid?: number
  }[]
  readonly volumes: readonly { readonly volumeId: string; readonly state: string }[]
}

/**
 * Asks a lab's daemon for its state.
 * @throws LabError when a part of it has died, or it doesn't answer within 5 s.
 */
export async function readStatus(paths: LabPaths): Promise<LabStatus> {
  const text = await get(paths.control, '/status')
  const status = JSON.parse(text) as LabStatus
  if (status.state === 'broken') {
    throw new LabError(status.error ?? 'the lab is broken', {
      ...(status.hint === undefined ? {} : { hint: status.hint }),
      ...(status.log === undefined ? {} : { log: status.log }),
    })
  }
  return status
}

function get(socketPath: string, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const call = request({ socketPath, path, timeout: 5_000 }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => resolve(Buffer.concat(chunks).toString()))
      response.on('error', reject)
    })
    const fail = (cause?: Error) =>
      reject(
        new LabError("the lab's daemon does not answer", {
          hint: 'Take it down with `zonefall lab down` and start again.',
          cause,
        }),
      )
    call.on('timeout', () => call.destroy(new Error('no answer in 5 s')))
    call.on('error', fail)
    call.end()
  })
}
