import { copyFile, mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

import { ArtifactError } from '../artifact-error.ts'
import { REPOSITORY } from '../cache-key.ts'
import type { BuildContext } from '../recipe.ts'
import { sha256 } from '../seal.ts'
import { IMAGE_CONTENTS } from '../versions.ts'

const { mavenDependencyPlugin } = IMAGE_CONTENTS
const COPY = `org.apache.maven.plugins:maven-dependency-plugin:${mavenDependencyPlugin.version}:copy-dependencies`

/**
 * Maven fetches what `images/<image>/pom.xml` asks for, less the files of the `without`
 * classifiers; what it brings must be, to the byte, what `jars.sha256` beside it lists.
 */
export async function fetchJars(
  context: BuildContext,
  image: string,
  target: string,
  without: readonly string[] = [],
): Promise<void> {
  await mkdir(target, { recursive: true })
  const sources = join(REPOSITORY, 'lab/artifacts/images', image)
  const pom = join(context.scratchDir, 'pom.xml')
  await copyFile(join(sources, 'pom.xml'), pom)
  const options = [`-DoutputDirectory=${target}`, '-DincludeScope=runtime']
  if (without.length > 0) options.push(`-DexcludeClassifiers=${without.join(',')}`)
  await context.run(['mvn', '-B', '--strict-checksums', '-f', pom, COPY, ...options])
  const listed = (await readFile(join(sources, 'jars.sha256'), 'utf8')).trim().split('\n')
  const expected = new Map(listed.map((line) => [line.slice(66), line.slice(0, 64)]))
  for (const file of await readdir(target)) {
    const digest = expected.get(file)
    expected.delete(file)
    if (digest !== (await sha256(join(target, file)))) {
      throw new ArtifactError(
        `${file} is not what images/${image}/jars.sha256 lists; if its version was changed on purpose, list its digest there.`,
      )
    }
  }
  const [missing] = expected.keys()
  if (missing !== undefined) throw new ArtifactError(`Maven did not bring ${missing}.`)
}
