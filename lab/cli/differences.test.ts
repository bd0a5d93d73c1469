import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { imageTable } from '../registry/registry.ts'
import { DIFFERENCES } from './differences.ts'

const page = await readFile(join(import.meta.dirname, '../../docs/fidelity.md'), 'utf8')

describe('the fidelity page', () => {
  it.each(DIFFERENCES)('says: %s', (difference) => {
    expect(page).toContain(`- ${difference}\n`)
  })

  it.each(imageTable())('says what stands behind $name', ({ name, standsBehind }) => {
    expect(page).toContain(`| \`${name}\` | ${standsBehind} |`)
  })
})
