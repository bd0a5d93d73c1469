import { Agent } from 'node:https'
import { PreflightError } from '../model/errors.ts'
import type { AwsAccess } from '../model/target.ts'
import { BUDGETS } from '../std/budgets.ts'

/**
 * What every client of the SDK is made with: bounds on each call, and where and as whom it calls.
 * Without keys in `access` the SDK's usual chain finds credentials. Calls to AWS go by
 * HTTPS_PROXY where the environment has it and NO_PROXY doesn't say otherwise.
 *
 * @throws PreflightError when there is half a pair of keys
 */
export function clientOptions(access: AwsAccess) {
  const { accessKeyId, secretAccessKey, endpoint, region, profile } = access
  if ((accessKeyId === undefined) !== (secretAccessKey === undefined)) {
    throw new PreflightError('AWS access needs both an access key id and a secret access key.')
  }
  return {
    region,
    maxAttempts: 4,
    requestHandler: {
      connectionTimeout: BUDGETS.apiReachable,
      requestTimeout: BUDGETS.apiCall,
      throwOnRequestTimeout: true,
      httpsAgent: new Agent({ keepAlive: true, proxyEnv: process.env }),
    },
    ...(profile === undefined ? {} : { profile }),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(accessKeyId === undefined || secretAccessKey === undefined
      ? {}
      : { credentials: { accessKeyId, secretAccessKey } }),
  }
}
