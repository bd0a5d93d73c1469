import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { bundleCsiDriver } from '../../ebs/csi/bundle.ts'
import { REPOSITORY } from '../cache-key.ts'
import type { BuildContext, Recipe } from '../recipe.ts'

/** The lab's CSI driver as one file, `driver.mjs`: what machines and its image run. */
export const csiDriver: Recipe = {
  name: 'csi-driver',
  purpose: 'the EBS CSI driver, bundled',
  dependsOn: [],
  sources: [
    'lab/artifacts/recipes/csi-driver.ts',
    'lab/artifacts/go/go.mod',
    'lab/ebs/csi',
    'package-lock.json',
  ],
  parameters: {},
  tools: { go: 'Go 1.26 or newer' },
  async build(context: BuildContext): Promise<void> {
    context.step('bundling the CSI driver')
    const modules = ['github.com/container-storage-interface/spec', 'k8s.io/kubelet']
    await context.run(['go', 'mod', 'download', ...modules], {
      cwd: join(REPOSITORY, 'lab/artifacts/go'),
    })
    const [csiSpecDir, kubeletDir] = await Promise.all(modules.map(moduleFolder))
    await bundleCsiDriver(join(context.outDir, 'driver.mjs'), {
      csiSpecDir: csiSpecDir!,
      kubeletDir: kubeletDir!,
    })
  },
}

async function moduleFolder(name: string): Promise<string> {
  const { stdout } = await promisify(execFile)('go', ['list', '-m', '-f', '{{.Dir}}', name], {
    cwd: join(REPOSITORY, 'lab/artifacts/go'),
  })
  return stdout.trim()
}
