import type { KubernetesObject } from '@kubernetes/client-node'
import { z } from 'zod'
import { RUN_LABEL } from '../model/run-label.ts'
import { selectorText } from './workload.ts'

const labels = z.record(z.string(), z.string())

const withClaims = z.looseObject({
  kind: z.literal('StatefulSet'),
  metadata: z.looseObject({ name: z.string() }),
  spec: z.looseObject({
    selector: z.looseObject({ matchLabels: labels }),
    volumeClaimTemplates: z
      .array(
        z.looseObject({ metadata: z.looseObject({ name: z.string(), labels: labels.optional() }) }),
      )
      .min(1),
  }),
})

/** How the claims are known that a StatefulSet makes, or that it adopts when they are there. */
export interface ClaimsOfSet {
  /** The set's match labels, which its claims carry, and the run's label where the templates do. */
  readonly selector: string
  /** The set's match labels alone. */
  readonly anybodys: string
  /** `<template>-<set>`, which an ordinal follows. */
  readonly prefixes: readonly string[]
}

/**
 * How the claims of a StatefulSet are known; undefined of anything else. Claims carry the set's
 * match labels (kubernetes/pkg/controller/statefulset/stateful_set_utils.go).
 */
export function findClaimsOfSet(object: KubernetesObject): ClaimsOfSet | undefined {
  const { data } = withClaims.safeParse(object)
  if (!data) return undefined
  const { selector, volumeClaimTemplates: templates } = data.spec
  const runs = new Set(templates.map(({ metadata }) => metadata.labels?.[RUN_LABEL]))
  const [run] = runs
  return {
    selector: selectorText({
      ...selector.matchLabels,
      ...(run === undefined || runs.size > 1 ? {} : { [RUN_LABEL]: run }),
    }),
    anybodys: selectorText(selector.matchLabels),
    prefixes: templates.map(({ metadata }) => `${metadata.name}-${data.metadata.name}`),
  }
}

/** Whether a claim's name is one that a StatefulSet gives: a prefix and an ordinal. */
export function isClaimNameOf(prefixes: readonly string[], name: string): boolean {
  const [, prefix = ''] = /^(.+)-\d+$/.exec(name) ?? []
  return prefixes.includes(prefix)
}
