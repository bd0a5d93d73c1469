import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { KubernetesObject } from '@kubernetes/client-node'
import { LineCounter, parseAllDocuments } from 'yaml'
import { z } from 'zod'
import { PreflightError } from '../model/errors.ts'

/** One object of a manifest and where it stands. */
export interface ManifestObject {
  readonly object: KubernetesObject & { readonly metadata: { readonly name: string } }
  /** `file.yaml:12` */
  readonly origin: string
}

const objectSchema = z.looseObject({
  apiVersion: z.string().min(1),
  kind: z.string().min(1),
  metadata: z.looseObject({ name: z.string().min(1), namespace: z.string().optional() }),
})

const listSchema = z.looseObject({ kind: z.string(), items: z.array(z.unknown()) })

/** Hooks are for Helm to run at the right moment; a chart's tests are no part of what it deploys. */
const HELM_HOOK = 'helm.sh/hook'

/**
 * Reads plain YAML or JSON, or Helm's rendered output: a file, or a folder's files in the order of
 * their names, as `kubectl apply -f` takes them. Empty documents and Helm's hooks are left out.
 *
 * @throws PreflightError that names file and line of what can't be read
 */
export async function loadManifests(path: string): Promise<ManifestObject[]> {
  const files = await manifestFiles(path)
  const objects: ManifestObject[] = []
  for (const file of files) objects.push(...parseManifests(await readFile(file, 'utf8'), file))
  if (objects.length === 0) {
    throw new PreflightError(`There is no Kubernetes object in ${path}.`, {
      hint: 'Name a YAML file or a folder of .yaml, .yml or .json files.',
    })
  }
  const seen = new Map<string, string>()
  for (const { object, origin } of objects) {
    const { kind, metadata } = object
    const key = `${kind} ${metadata.namespace ?? ''}/${metadata.name}`
    const other = seen.get(key)
    if (other !== undefined) {
      throw new PreflightError(`${origin}: ${kind} ${metadata.name} is already in ${other}.`)
    }
    seen.set(key, origin)
  }
  return objects
}

/** Takes the text of one file apart; see `loadManifests`. */
export function parseManifests(text: string, file: string): ManifestObject[] {
  const lines = new LineCounter()
  const documents = parseAllDocuments(text, { lineCounter: lines, merge: true })
  if (!Array.isArray(documents)) return []
  const objects: ManifestObject[] = []
  for (const document of documents) {
    const [error] = document.errors
    if (error) {
      const line = error.linePos?.[0].line ?? 1
      throw new PreflightError(`${file}:${line}: ${firstLine(error.message)}.`)
    }
    const line = document.contents?.range ? lines.linePos(document.contents.range[0]).line : 1
    const value: unknown = document.toJS({ maxAliasCount: 1000 })
    if (value === null || value === undefined) continue
    objects.push(...objectsOf(value, `${file}:${line}`))
  }
  return objects
}

function objectsOf(value: unknown, origin: string): ManifestObject[] {
  const list = listSchema.safeParse(value)
  if (list.success && list.data.kind.endsWith('List')) {
    return list.data.items.flatMap((item) => objectsOf(item, origin))
  }
  const parsed = objectSchema.safeParse(value)
  if (!parsed.success) {
    const missing = parsed.error.issues.map(({ path }) => path.join('.') || 'an object').join(', ')
    throw new PreflightError(`${origin}: this is no Kubernetes object: ${missing} is missing.`, {
      hint: 'Render Helm charts first: helm template NAME CHART > rendered.yaml',
    })
  }
  const annotations: unknown = parsed.data.metadata['annotations']
  if (typeof annotations === 'object' && annotations !== null && HELM_HOOK in annotations) return []
  // The schema has checked what the type says; the rest is for the API server to judge.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return [{ object: parsed.data as ManifestObject['object'], origin }]
}

async function manifestFiles(path: string): Promise<string[]> {
  let isFolder: boolean
  try {
    isFolder = (await stat(path)).isDirectory()
  } catch (error) {
    throw new PreflightError(`The manifests ${path} can't be read.`, { cause: error })
  }
  if (!isFolder) return [path]
  const names = (await readdir(path)).filter((name) => /\.(ya?ml|json)$/.test(name)).toSorted()
  return names.map((name) => join(path, name))
}

function firstLine(message: string): string {
  return message.split('\n')[0]?.replace(/ at line \d+, column \d+:?$/, '') ?? message
}
