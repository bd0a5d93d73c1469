import { cp, link, mkdir, readFile, realpath } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

import { z } from 'zod'

/** The npm package that brings Node itself; its bytes are vouched for by package-lock.json. */
const NODE_PACKAGE = createRequire(import.meta.url).resolve('node/package.json')

/** Puts Node's executable below an image's root, at `path`: `usr/bin/node`. */
export async function placeNode(root: string, path: string): Promise<void> {
  const target = join(root, path)
  await mkdir(dirname(target), { recursive: true })
  const source = await nodeExecutable()
  await link(source, target).catch(() => cp(source, target))
}

async function nodeExecutable(): Promise<string> {
  const { bin } = z
    .object({ bin: z.union([z.string(), z.object({ node: z.string() })]) })
    .parse(JSON.parse(await readFile(NODE_PACKAGE, 'utf8')))
  return realpath(join(dirname(NODE_PACKAGE), typeof bin === 'string' ? bin : bin.node))
}
