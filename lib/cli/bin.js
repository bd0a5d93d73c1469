#!/usr/bin/env node
// Plain JavaScript that any Node understands: the rest is TypeScript, which needs Node 24. The
// package `node`, a dependency, brings one.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..')
const bundled = join(root, 'node_modules', 'node', 'bin', 'node')
const isNewEnough = Number(process.versions.node.split('.')[0]) >= 24

if (isNewEnough) {
  await import('./main.ts')
} else if (!existsSync(bundled)) {
  console.error(
    `error: zonefall needs Node 24, this is ${process.versions.node}.\n` +
      `  Run npm ci in ${root}: it brings one.`,
  )
  process.exitCode = 3
} else {
  const child = spawn(bundled, [join(root, 'lib', 'cli', 'main.ts'), ...process.argv.slice(2)], {
    stdio: 'inherit',
  })
  // A terminal sends Ctrl-C to both; a plain kill reaches only this one, and has to be passed on.
  process.on('SIGINT', () => {})
  process.on('SIGTERM', () => child.kill('SIGTERM'))
  child.on('error', (error) => {
    console.error(`error: ${bundled} could not be started: ${error.message}`)
    process.exitCode = 5
  })
  child.on('exit', (code, signal) => {
    if (signal) process.kill(process.pid, signal)
    else process.exitCode = code ?? 5
  })
}
