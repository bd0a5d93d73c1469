import * as autoScaling from '@aws-sdk/client-auto-scaling'
import * as ec2 from '@aws-sdk/client-ec2'
import * as eks from '@aws-sdk/client-eks'
import * as sts from '@aws-sdk/client-sts'

/** The services that the harness calls: their SDK, and their name in IAM. */
const SERVICES = [
  { name: 'ec2', sdk: '@aws-sdk/client-ec2', exports: ec2 },
  { name: 'autoscaling', sdk: '@aws-sdk/client-auto-scaling', exports: autoScaling },
  { name: 'eks', sdk: '@aws-sdk/client-eks', exports: eks },
  { name: 'sts', sdk: '@aws-sdk/client-sts', exports: sts },
] as const

/** An action that needs no permission. */
const FREE = 'sts:GetCallerIdentity'

const CALL = /new (?:\w+\.)?([A-Z]\w*)Command\(|\bpaginate([A-Z]\w*)\(/g

/**
 * IAM's actions behind the SDK calls in sources.
 *
 * @throws Error for a call of which it isn't plain whose it is
 */
export function calledActions(sources: readonly string[]): ReadonlySet<string> {
  const found = new Set<string>()
  for (const source of sources) {
    for (const [, command, page] of source.matchAll(CALL)) {
      found.add(`${serviceOf(command ?? page ?? '', source)}:${command ?? page}`)
    }
    // Tags are set in the call that makes a thing, but IAM asks for the right to set them.
    if (source.includes('TagSpecifications:')) found.add('ec2:CreateTags')
  }
  found.delete(FREE)
  return found
}

function serviceOf(operation: string, source: string): string {
  const having = SERVICES.filter((one) => `${operation}Command` in one.exports)
  const imported = having.filter(({ sdk }) => source.includes(`'${sdk}'`))
  const [service, another] = having.length === 1 ? having : imported
  if (service === undefined || another !== undefined) {
    throw new Error(`${operation} is a call of none, or of several, of the services known here.`)
  }
  return service.name
}
