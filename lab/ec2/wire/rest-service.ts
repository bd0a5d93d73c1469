import { type AccessRequest, denialOf } from '../../iam/access.ts'
import { ApiError } from '../api-error.ts'
import type { Caller, QueryService } from './query-service.ts'

export type Json = string | number | boolean | null | readonly Json[] | JsonObject
export interface JsonObject {
  readonly [name: string]: Json | undefined
}

/**
 * One of AWS's services that speak JSON (`restJson1`): what is asked for stands in the request
 * line. The listener finds it as it finds a query service.
 */
export interface RestService {
  /** `eks`: the name in a signature's scope and in IAM's actions. */
  readonly name: string
  readonly protocol: 'rest-json'
  /** Does one call. Throws ApiError. */
  readonly perform: (caller: Caller, method: string, target: string) => JsonObject
  readonly failure: QueryService['failure']
  readonly refusals: Pick<QueryService['refusals'], 'unauthenticated' | 'throttled'>
}

export type Service = QueryService | RestService

/** An action that reads, with the path that asks for it. */
export interface RestAction<Name extends string = string> {
  /** `DescribeCluster` */
  readonly name: string
  /** `/clusters/{name}` */
  readonly path: string
  /** What the policies of the caller have to allow. */
  readonly access: (names: Readonly<Record<Name, string>>) => Omit<AccessRequest, 'action'>
  /** Query parameters that it knows. */
  readonly query?: readonly string[]
  readonly perform: (names: Readonly<Record<Name, string>>, query: URLSearchParams) => JsonObject
}

/** A service of actions that all are GET. */
export function defineRestService(definition: {
  readonly name: string
  readonly accountId: string
  readonly actions: readonly RestAction[]
}): RestService {
  const { name, accountId, actions } = definition
  return {
    name,
    protocol: 'rest-json',
    perform(caller, method, target) {
      const { pathname, searchParams } = new URL(target, 'http://localhost')
      const found = method === 'GET' ? routeOf(actions, pathname) : undefined
      if (found === undefined) {
        throw new ApiError('UnknownOperationException', `There is no ${method} ${pathname}.`, 404)
      }
      const { action, names } = found
      const request = { ...action.access(names), action: `${name}:${action.name}` }
      const denial = denialOf(caller, accountId, request)
      if (denial !== undefined) throw new ApiError('AccessDeniedException', denial, 403)
      const unknown = [...searchParams.keys()].find((key) => !action.query?.includes(key))
      if (unknown !== undefined) {
        throw invalidParameter(`The query parameter ${unknown} is not recognized.`)
      }
      return action.perform(names, searchParams)
    },
    failure: ({ message }) => JSON.stringify({ message }),
    // Source: Amazon EKS API reference, "Common Error Types".
    refusals: {
      unauthenticated: (signed) =>
        signed
          ? new ApiError(
              'UnrecognizedClientException',
              'The security token included in the request is invalid.',
              403,
            )
          : new ApiError(
              'MissingAuthenticationTokenException',
              'Missing Authentication Token',
              403,
            ),
      throttled: () => new ApiError('ThrottlingException', 'Rate exceeded'),
    },
  }
}

export const invalidParameter = (message: string): ApiError =>
  new ApiError('InvalidParameterException', message)

function routeOf(actions: readonly RestAction[], pathname: string) {
  for (const action of actions) {
    const pattern = action.path.replaceAll(/\{(\w+)\}/g, '(?<$1>[^/]+)')
    const match = new RegExp(`^${pattern}$`).exec(pathname)
    if (match !== null) {
      const names = Object.entries(match.groups ?? {}).map(
        ([name, value]) => [name, decodeURIComponent(value)] as const,
      )
      return { action, names: Object.fromEntries(names) }
    }
  }
  return undefined
}
