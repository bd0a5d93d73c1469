import { request } from 'node:http'
import { z } from 'zod'
import { EC2_TRAITS } from '../daemon/config.ts'
import { LabError, LabRefusal } from '../std/lab-error.ts'
import type { LabPaths } from '../std/paths.ts'

const labStatus = z.looseObject({
  state: z.enum(['booting', 'up', 'broken']),
  error: z.string().optional(),
  hint: z.string().optional(),
  log: z.string().optional(),
  zoneCount: z.int().optional(),
  instanceType: z.string().optional(),
  timers: z.enum(['eks', 'short']).optional(),
  ec2: z.array(z.enum(EC2_TRAITS)).optional(),
  iamPolicy: z.string().optional(),
  upstreamDriver: z.string().optional(),
  machines: z
    .array(
      z.object({
        node: z.string(),
        instanceId: z.string(),
        zone: z.string(),
        ip: z.string(),
        on: z.boolean(),
        initPid: z.int().optional(),
      }),
    )
    .default([]),
  groups: z
    .array(
      z.looseObject({
        name: z.string(),
        desired: z.int(),
        inService: z.int(),
        suspended: z.array(z.string()),
      }),
    )
    .default([]),
  zones: z.array(z.looseObject({ name: z.string(), capacity: z.boolean() })).default([]),
  volumes: z.array(z.looseObject({ volumeId: z.string(), state: z.string() })).default([]),
})

/** What a lab's daemon says of itself. */
export type LabStatus = z.infer<typeof labStatus>

/**
 * Asks a lab's daemon for its state.
 * @throws LabError when a part of it has died, or it doesn't answer within 5 s.
 */
export async function readStatus(paths: LabPaths): Promise<LabStatus> {
  const { body } = await ask(paths.control, 'GET', '/status')
  const status = labStatus.parse(body)
  if (status.state === 'broken') {
    throw new LabError(status.error ?? 'the lab is broken', {
      hint: status.hint,
      log: status.log,
    })
  }
  return status
}

/**
 * Lets launches and starts in a zone succeed again, or fail with InsufficientInstanceCapacity.
 * @throws LabRefusal when the lab has no such zone, LabError when it doesn't answer within 5 s.
 */
export async function setCapacity(paths: LabPaths, zone: string, has: boolean): Promise<void> {
  const { status, body } = await ask(
    paths.control,
    'PUT',
    `/capacity/${encodeURIComponent(zone)}/${has ? 'on' : 'off'}`,
  )
  if (status !== 200) throw new LabRefusal(refusal.parse(body).error)
}

const refusal = z.object({ error: z.string() })

function ask(
  socketPath: string,
  method: string,
  path: string,
): Promise<{ status: number; body: unknown }> {
  return new Promise((resolve, reject) => {
    const call = request({ socketPath, method, path, timeout: 5_000 }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => {
        const status = response.statusCode ?? 0
        resolve({ status, body: JSON.parse(Buffer.concat(chunks).toString()) })
      })
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
