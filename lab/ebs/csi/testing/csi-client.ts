import { Client, credentials, type ServiceDefinition, status } from '@grpc/grpc-js'
import { codeOf } from '../rpc/unknown.ts'

/** What a call came to: the answer, or the status that refused it. */
export type Answer =
  | { readonly code: 'OK'; readonly value: unknown }
  | { readonly code: string; readonly details: string }

/** A gRPC client as a sidecar or the kubelet is one, over the real socket. */
export class CsiClient implements Disposable {
  readonly #client: Client

  constructor(socketPath: string) {
    this.#client = new Client(`unix:${socketPath}`, credentials.createInsecure())
  }

  /** Calls `name` of `service`; an answer that takes longer than `timeoutMs` is a refusal too. */
  async try(
    service: ServiceDefinition,
    name: string,
    request: object = {},
    timeoutMs = 20_000,
  ): Promise<Answer> {
    const method = service[name]
    if (method === undefined) throw new Error(`There is no method ${name}.`)
    return await new Promise<Answer>((resolve) => {
      this.#client.makeUnaryRequest(
        method.path,
        method.requestSerialize,
        method.responseDeserialize,
        request,
        { deadline: Date.now() + timeoutMs },
        (error, value) => {
          if (error === null) resolve({ code: 'OK', value })
          else resolve({ code: status[error.code], details: error.details || codeOf(error) })
        },
      )
    })
  }

  /** The answer of a call that must not be refused. */
  // oxlint-disable-next-line typescript/no-explicit-any -- the test knows the message
  async call(service: ServiceDefinition, name: string, request: object = {}): Promise<any> {
    const answer = await this.try(service, name, request)
    if ('value' in answer) return answer.value
    throw new Error(`${name}: ${answer.code}: ${answer.details}`)
  }

  [Symbol.dispose](): void {
    this.#client.close()
  }
}
