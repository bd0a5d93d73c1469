import type { TargetDescription } from '../../../model/target.ts'

/** An EKS cluster without anything, but for what a test says of it. */
export function targetLike(said: Partial<TargetDescription>): TargetDescription {
  return {
    kind: 'eks',
    kubeconfig: '',
    context: 'staging',
    namespace: '<run>',
    zones: [],
    capabilities: [],
    images: [],
    differences: [],
    kubernetesVersion: '',
    ...said,
  }
}
