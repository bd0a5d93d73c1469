// The certificate library resolves its parts by it.
import 'reflect-metadata' // oxlint-disable-line import/no-unassigned-import
import * as x509 from '@peculiar/x509'
import { webcrypto } from 'node:crypto'

type CryptoKeyPair = webcrypto.CryptoKeyPair

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
/** A lab lives for hours; a day of grace before covers a clock that is set back. */
const LIFETIME_MS = 30 * 86_400_000
const GRACE_MS = 86_400_000

x509.cryptoProvider.set(webcrypto)

/** A certificate and its private key, both PEM. */
export interface KeyPair {
  readonly certificate: string
  readonly key: string
}

/** Who a certificate is for: Kubernetes takes `commonName` as user and `organization` as groups. */
export interface CertificateSubject {
  readonly commonName: string
  readonly organization?: string
  readonly hosts?: readonly string[]
  readonly usage: 'client' | 'server'
}

/** A certificate authority that lives as long as its lab. */
export class CertificateAuthority {
  readonly certificate: string
  readonly #keys: CryptoKeyPair
  readonly #issuer: string

  private constructor(certificate: x509.X509Certificate, keys: CryptoKeyPair) {
    this.certificate = certificate.toString('pem')
    this.#issuer = certificate.subject
    this.#keys = keys
  }

  static async create(name: string): Promise<CertificateAuthority> {
    const keys = await newKeys()
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
      ...validity(),
      name: `CN=${name}`,
      keys,
      signingAlgorithm: ALGORITHM,
      extensions: [
        new x509.BasicConstraintsExtension(true, undefined, true),
        new x509.KeyUsagesExtension(
          x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.digitalSignature,
          true,
        ),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      ],
    })
    return new CertificateAuthority(certificate, keys)
  }

  async issue(subject: CertificateSubject): Promise<KeyPair> {
    const keys = await newKeys()
    const organization = subject.organization === undefined ? '' : `, O=${subject.organization}`
    const usage =
      subject.usage === 'client'
        ? x509.ExtendedKeyUsage.clientAuth
        : x509.ExtendedKeyUsage.serverAuth
    const certificate = await x509.X509CertificateGenerator.create({
      ...validity(),
      subject: `CN=${subject.commonName}${organization}`,
      issuer: this.#issuer,
      publicKey: keys.publicKey,
      signingKey: this.#keys.privateKey,
      signingAlgorithm: ALGORITHM,
      extensions: [
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([usage]),
        ...(subject.hosts === undefined
          ? []
          : [new x509.SubjectAlternativeNameExtension(subject.hosts.map(generalName))]),
      ],
    })
    return { certificate: certificate.toString('pem'), key: await privatePem(keys) }
  }
}

/** A key pair without a certificate: service account tokens are signed with it. Both PEM. */
export async function signingKeyPair(): Promise<{ publicKey: string; privateKey: string }> {
  const keys = await newKeys()
  const spki = await webcrypto.subtle.exportKey('spki', keys.publicKey)
  return {
    publicKey: x509.PemConverter.encode(spki, 'PUBLIC KEY'),
    privateKey: await privatePem(keys),
  }
}

function newKeys(): Promise<CryptoKeyPair> {
  return webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
}

async function privatePem(keys: CryptoKeyPair): Promise<string> {
  const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)
  return x509.PemConverter.encode(pkcs8, 'PRIVATE KEY')
}

function validity(): { notBefore: Date; notAfter: Date; serialNumber: string } {
  const now = Date.now()
  return {
    notBefore: new Date(now - GRACE_MS),
    notAfter: new Date(now + LIFETIME_MS),
    // A leading 0 keeps the number positive in DER.
    serialNumber: `0${webcrypto.randomUUID().replaceAll('-', '').slice(1)}`,
  }
}

function generalName(host: string): x509.JsonGeneralName {
  return { type: /^[\d.]+$/.test(host) ? 'ip' : 'dns', value: host }
}
