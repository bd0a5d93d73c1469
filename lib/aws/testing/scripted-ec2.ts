import { createServer } from 'node:http'
import { closeServer, listenOnLoopback } from '../../std/testing/listen.ts'
import { connectEc2, type Ec2 } from '../ec2.ts'

/** What EC2 answers with: the inside of its XML, or an error's code. */
export type Answer =
  | { readonly xml: string }
  | { readonly error: string; readonly message?: string }

/** By the action: its answers one after the other; the last one stays. */
export type Script = Readonly<Record<string, readonly Answer[]>>

export interface ScriptedEc2 extends AsyncDisposable {
  readonly ec2: Ec2
  readonly url: string
  /** Every call in order: the action and what it named, `StartInstances i-1`. */
  readonly calls: readonly string[]
}

/**
 * EC2 on a port of its own, which says what a test wants it to say, behind the real SDK: a moment
 * at which an answer is behind can't be hit with the lab.
 */
export async function scriptedEc2(script: Script, behindMs: number): Promise<ScriptedEc2> {
  const left = new Map(Object.entries(script).map(([action, answers]) => [action, [...answers]]))
  const calls: string[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const form = new URLSearchParams(Buffer.concat(chunks).toString())
      const action = form.get('Action') ?? ''
      const named = ['InstanceId.1', 'AssociationId', 'NetworkAclId', 'VolumeId']
      calls.push([action, ...named.flatMap((key) => form.get(key) ?? [])].join(' '))
      const answers = left.get(action) ?? []
      const answer = (answers.length > 1 ? answers.shift() : answers[0]) ?? { error: 'Unscripted' }
      response.writeHead('xml' in answer ? 200 : 400, { 'content-type': 'text/xml' })
      response.end(
        'xml' in answer
          ? `<${action}Response><requestId>r</requestId>${answer.xml}</${action}Response>`
          : `<Response><Errors><Error><Code>${answer.error}</Code><Message>${answer.message ?? `${answer.error}.`}</Message></Error></Errors><RequestID>r</RequestID></Response>`,
      )
    })
  })
  const url = await listenOnLoopback(server)
  const ec2 = await connectEc2({
    region: 'us-east-1',
    endpoint: url,
    accessKeyId: 'a',
    secretAccessKey: 's',
    answersBehindMs: behindMs,
  })
  return {
    ec2,
    url,
    calls,
    [Symbol.asyncDispose]: async () => {
      ec2.close()
      await closeServer(server)
    },
  }
}

/** DescribeInstances' answer: these instances in these states. */
export function instances(states: Readonly<Record<string, string>>): Answer {
  const items = Object.entries(states).map(
    ([id, state]) =>
      `<item><instanceId>${id}</instanceId><instanceState><name>${state}</name></instanceState></item>`,
  )
  const set = `<instancesSet>${items.join('')}</instancesSet>`
  return { xml: `<reservationSet><item>${set}</item></reservationSet>` }
}

/** DescribeNetworkAcls' answer: one ACL, perhaps with a token, and perhaps a subnet that has it. */
export function networkAcl(
  id: string,
  { token, subnet, association }: { token?: string; subnet?: string; association?: string },
): Answer {
  const tags =
    token === undefined
      ? ''
      : `<tagSet><item><key>zonefall.io/token</key><value>${token}</value></item></tagSet>`
  const associated =
    subnet === undefined
      ? ''
      : `<associationSet><item><networkAclAssociationId>${association}</networkAclAssociationId><networkAclId>${id}</networkAclId><subnetId>${subnet}</subnetId></item></associationSet>`
  return {
    xml: `<networkAclSet><item><networkAclId>${id}</networkAclId>${associated}${tags}</item></networkAclSet>`,
  }
}

export const NO_ACLS: Answer = { xml: '<networkAclSet/>' }
export const DONE: Answer = { xml: '<return>true</return>' }
