import type { KubernetesObject } from '@kubernetes/client-node'
import { z } from 'zod'
import { selectorText } from './workload.ts'

const withClaims = z.looseObject({
  kind: z.literal('StatefulSet'),
  spec: z.looseObject({
    selector: z.looseObject({ matchLabels: z.record(z.string(), z.string()) }),
    volumeClaimTemplates: z.array(z.unknown()).min(1),
  }),
})

/**
 * The selector that finds the claims which a StatefulSet makes; undefined of anything else. Claims
 * carry the set's match labels (kubernetes/pkg/controller/statefulset/stateful_set_utils.go).
 */
export function findClaimSelector(object: KubernetesObject): string | undefined {
  const parsed = withClaims.safeParse(object)
  return parsed.success ? selectorText(parsed.data.spec.selector.matchLabels) : undefined
}
