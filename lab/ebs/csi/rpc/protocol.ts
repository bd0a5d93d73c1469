import type { MethodDefinition, ServiceDefinition } from '@grpc/grpc-js'
import protobuf from 'protobufjs/light.js'
import type { Descriptors } from './descriptors.ts'

/** The services that the driver and the kubelet speak, ready for grpc-js. */
export interface Protocol {
  readonly identity: ServiceDefinition
  readonly controller: ServiceDefinition
  readonly node: ServiceDefinition
  readonly registration: ServiceDefinition
}

/**
 * Makes service definitions of `descriptors`. Field names are in camel case, 64-bit numbers are
 * JavaScript numbers (a volume's bytes fit), enum values are their names, and a oneof's name tells
 * which of its fields is set.
 *
 * It does by hand what @grpc/proto-loader does: that also keeps every message's descriptor for
 * reflection, which cost 8 MB and 30 ms in each of a lab's four or five driver processes.
 */
export function loadProtocol(descriptors: Descriptors): Protocol {
  const root = protobuf.Root.fromJSON(descriptors)
  const service = (name: string) => defineService(root.lookupService(name))
  return {
    identity: service('csi.v1.Identity'),
    controller: service('csi.v1.Controller'),
    node: service('csi.v1.Node'),
    registration: service('pluginregistration.Registration'),
  }
}

function defineService(service: protobuf.Service): ServiceDefinition {
  const path = `/${service.fullName.slice(1)}`
  return Object.fromEntries(
    service.methodsArray.map((method): [string, MethodDefinition<object, object>] => {
      method.resolve()
      const { resolvedRequestType: request, resolvedResponseType: response } = method
      if (request === null || response === null) {
        throw new Error(`${method.fullName} of the .proto files has no message types.`)
      }
      return [
        method.name,
        {
          path: `${path}/${method.name}`,
          requestStream: false,
          responseStream: false,
          requestSerialize: encoder(request),
          requestDeserialize: decoder(request),
          responseSerialize: encoder(response),
          responseDeserialize: decoder(response),
          originalName: method.name.charAt(0).toLowerCase() + method.name.slice(1),
        },
      ]
    }),
  )
}

const encoder =
  (type: protobuf.Type) =>
  (message: object): Buffer =>
    Buffer.from(type.encode(type.fromObject(message)).finish())

const decoder =
  (type: protobuf.Type) =>
  (bytes: Buffer): object =>
    type.toObject(type.decode(bytes), {
      longs: Number,
      enums: String,
      defaults: true,
      oneofs: true,
    })
