import { createServer } from 'node:http'
import { writeSync } from 'node:fs'
import { codeOf, messageOf } from '../std/error-facts.ts'
import { LabError } from '../std/lab-error.ts'
import { labPaths } from '../std/paths.ts'
import { type BootEvent, daemonConfig, DESCRIPTORS } from './config.ts'
import { Lab } from './lab.ts'

/**
 * The process that holds a lab together, started by `launch.ts` in namespaces of its own. When it
 * ends, by whatever cause, the kernel ends everything that it started.
 */
const config = daemonConfig.parse(JSON.parse(process.env['ZONEFALL_LAB_CONFIG'] ?? '{}'))
const paths = labPaths(config.name)
const lab = new Lab(config, paths)
let state: 'booting' | 'up' | 'broken' = 'booting'
let broken: LabError | undefined

if (config.tied) {
  process.stdin.on('end', () => process.exit(0))
  process.stdin.on('error', () => process.exit(0))
  process.stdin.resume()
}

createServer((request, response) => {
  const [status, answer] = answerTo(`${request.method} ${request.url}`)
  response.statusCode = status
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify(answer))
}).listen(paths.control)

try {
  await lab.boot(step, (error) => {
    state = 'broken'
    broken = error
    console.error(error.message)
  })
  if (broken !== undefined) throw broken
  state = 'up'
  tell({ ready: true })
} catch (error) {
  console.error(error)
  tell({ error: messageOf(error), ...detailsOf(error) })
  process.exit(1)
}

function answerTo(request: string): [status: number, answer: object] {
  if (request === 'GET /status') return [200, { state, ...describe(broken), ...lab.status() }]
  const [, zone, has] = /^PUT \/capacity\/([a-z0-9-]+)\/(on|off)$/.exec(request) ?? []
  if (zone === undefined) return [404, { error: `no such request: ${request}` }]
  try {
    lab.setCapacity(zone, has === 'on')
    return [200, {}]
  } catch (error) {
    return [400, { error: messageOf(error) }]
  }
}

async function step<T>(name: string, text: string, work: () => Promise<T>): Promise<T> {
  const begin = performance.now()
  const elapsedMs = () => Math.round(performance.now() - begin)
  tell({ step: name, state: 'begin', text })
  try {
    const result = await work()
    tell({ step: name, state: 'end', text, elapsedMs: elapsedMs() })
    return result
  } catch (error) {
    tell({ step: name, state: 'fail', text, elapsedMs: elapsedMs() })
    throw error
  }
}

/** The launcher reads until `ready`; afterwards nobody does. */
function tell(event: BootEvent): void {
  try {
    writeSync(DESCRIPTORS.progress, `${JSON.stringify(event)}\n`)
  } catch (error) {
    if (codeOf(error) !== 'EPIPE') throw error
  }
}

function describe(error: LabError | undefined): Record<string, unknown> {
  return error === undefined ? {} : { error: error.message, ...detailsOf(error) }
}

function detailsOf(error: unknown): { hint?: string; log?: string } {
  if (!(error instanceof LabError)) return {}
  return {
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    ...(error.log === undefined ? {} : { log: error.log }),
  }
}
