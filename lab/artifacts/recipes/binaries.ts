import { cp } from 'node:fs/promises'
import { join } from 'node:path'

import { REPOSITORY } from '../cache-key.ts'
import type { BuildContext, Recipe } from '../recipe.ts'
import { GO_MODULES } from '../versions.ts'

const KUBERNETES = GO_MODULES['k8s.io/kubernetes'].version
const [MAJOR, MINOR] = KUBERNETES.slice(1).split('.')
const ATTACHER = 'github.com/kubernetes-csi/external-attacher/v4'
const PROVISIONER = 'github.com/kubernetes-csi/external-provisioner/v6'

/** What is linked, in three steps because `main.version` of the two sidecars differs. */
const STEPS = [
  {
    step: 'compiling Kubernetes, CoreDNS and the cloud controller',
    packages: [
      ...['apiserver', 'controller-manager', 'scheduler', 'proxy', 'ctl', 'let'].map(
        (name) => `k8s.io/kubernetes/cmd/kube${/^(ctl|let)$/.test(name) ? '' : '-'}${name}`,
      ),
      'github.com/coredns/coredns',
      'k8s.io/cloud-provider-aws/cmd/aws-cloud-controller-manager',
      './pause',
    ],
    flags: stampsOf(['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version']),
  },
  {
    step: 'compiling csi-provisioner',
    packages: [`${PROVISIONER}/cmd/csi-provisioner`],
    flags: [`-X main.version=${GO_MODULES[PROVISIONER].version}`],
  },
  {
    step: 'compiling csi-attacher',
    packages: [`${ATTACHER}/cmd/csi-attacher`],
    flags: [`-X main.version=${GO_MODULES[ATTACHER].version}`],
  },
]

/** Without a stamp the components call themselves v0.0.0 and refuse one another. */
function stampsOf(packages: readonly string[]): string[] {
  const stamps = {
    gitVersion: KUBERNETES,
    gitMajor: MAJOR,
    gitMinor: MINOR,
    gitTreeState: 'archive',
    buildDate: '1970-01-01T00:00:00Z',
  }
  return packages.flatMap((path) =>
    Object.entries(stamps).map(([name, value]) => `-X ${path}.${name}=${value}`),
  )
}

/**
 * Everything written in Go, from one wrapper module: what the components share is compiled once.
 * The result is a folder of static executables.
 */
export const binaries: Recipe = {
  name: 'binaries',
  purpose: 'Kubernetes, CoreDNS, CSI sidecars, cloud controller',
  dependsOn: [],
  sources: ['lab/artifacts/go', 'lab/artifacts/recipes/binaries.ts'],
  parameters: GO_MODULES,
  tools: { go: 'Go 1.26 or newer' },
  async build(context: BuildContext): Promise<void> {
    // A copy, so that files which appear in the folder meanwhile have no part in it.
    const module = join(context.scratchDir, 'go')
    await cp(join(REPOSITORY, 'lab/artifacts/go'), module, { recursive: true })
    const env = { CGO_ENABLED: '0', GOFLAGS: '-mod=readonly', GOWORK: 'off', GOARCH: 'amd64' }
    for (const { step, packages, flags } of STEPS) {
      context.step(step)
      const ldflags = ['-s', '-w', ...flags].join(' ')
      const options = ['-trimpath', '-buildvcs=false', '-ldflags', ldflags]
      const command = ['go', 'build', ...options, '-o', `${context.outDir}/`, ...packages]
      await context.run(command, { cwd: module, env })
    }
  },
}
