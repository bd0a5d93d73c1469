import { EC2Client } from '@aws-sdk/client-ec2'

/** How to reach EC2; the names are those of the AWS SDKs' environment variables. */
export interface Ec2Options {
  readonly region: string
  /** Absent on AWS itself. */
  readonly endpoint?: string
  readonly accessKeyId?: string
  readonly secretAccessKey?: string
  readonly sessionToken?: string
}

const CONNECT_TIMEOUT_MS = 3000
const REQUEST_TIMEOUT_MS = 15_000

/** Reads the options as upstream does: AWS_EC2_ENDPOINT goes before AWS_ENDPOINT_URL_EC2. */
export function ec2OptionsOf(env: NodeJS.ProcessEnv): Ec2Options {
  const region = env['AWS_REGION'] || env['AWS_DEFAULT_REGION']
  if (!region) throw new Error('No region: set AWS_REGION to the region of the volumes.')
  const endpoint = env['AWS_EC2_ENDPOINT'] || env['AWS_ENDPOINT_URL_EC2'] || env['AWS_ENDPOINT_URL']
  const accessKeyId = env['AWS_ACCESS_KEY_ID']
  const secretAccessKey = env['AWS_SECRET_ACCESS_KEY']
  const sessionToken = env['AWS_SESSION_TOKEN']
  return {
    region,
    ...(endpoint ? { endpoint } : {}),
    ...(accessKeyId ? { accessKeyId } : {}),
    ...(secretAccessKey ? { secretAccessKey } : {}),
    ...(sessionToken ? { sessionToken } : {}),
  }
}

/** A client for one process. Without keys the SDK looks for credentials in its usual places. */
export function ec2Client(options: Ec2Options): EC2Client {
  const { accessKeyId, secretAccessKey, sessionToken } = options
  return new EC2Client({
    region: options.region,
    ...(options.endpoint === undefined ? {} : { endpoint: options.endpoint }),
    ...(accessKeyId === undefined || secretAccessKey === undefined
      ? {}
      : {
          credentials: {
            accessKeyId,
            secretAccessKey,
            ...(sessionToken === undefined ? {} : { sessionToken }),
          },
        }),
    requestHandler: { connectionTimeout: CONNECT_TIMEOUT_MS, requestTimeout: REQUEST_TIMEOUT_MS },
  })
}
