import { stringify } from 'yaml'
import type { KeyPair } from './certificates.ts'

const base64 = (text: string) => Buffer.from(text).toString('base64')

/** A kubeconfig with one cluster, one user and one context, everything embedded. */
export function kubeconfigFor(options: {
  context: string
  server: string
  caCertificate: string
  user: string
  credentials: KeyPair
}): string {
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': options.context,
    clusters: [
      {
        name: options.context,
        cluster: {
          server: options.server,
          'certificate-authority-data': base64(options.caCertificate),
        },
      },
    ],
    users: [
      {
        name: options.user,
        user: {
          'client-certificate-data': base64(options.credentials.certificate),
          'client-key-data': base64(options.credentials.key),
        },
      },
    ],
    contexts: [
      { name: options.context, context: { cluster: options.context, user: options.user } },
    ],
  })
}
