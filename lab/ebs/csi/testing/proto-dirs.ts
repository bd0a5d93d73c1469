import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { z } from 'zod'
import type { ProtoDirs } from '../rpc/descriptors.ts'

const GO_MODULE = join(import.meta.dirname, '../../../artifacts/go')
const DOWNLOAD_TIMEOUT_MS = 120_000
const module_ = z.object({ Path: z.string(), Dir: z.string() })

/** Where Go keeps the two modules, at the versions of the lab's go.mod; fetched if they aren't there. */
export async function protoDirs(): Promise<ProtoDirs> {
  const csiSpecDir = await folderOf('github.com/container-storage-interface/spec')
  const kubeletDir = await folderOf('k8s.io/kubelet')
  return { csiSpecDir, kubeletDir }
}

async function folderOf(path: string): Promise<string> {
  const run = async (...args: readonly string[]): Promise<string> => {
    const options = { cwd: GO_MODULE, timeout: DOWNLOAD_TIMEOUT_MS }
    return (await promisify(execFile)('go', [...args], options)).stdout
  }
  const listed = (await run('list', '-m', '-f', '{{.Dir}}', path)).trim()
  if (listed !== '') return listed
  return module_.parse(JSON.parse(await run('mod', 'download', '-json', path))).Dir
}
