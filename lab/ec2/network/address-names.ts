/** `ip-10-0-1-10.ec2.internal`; elsewhere than us-east-1 `ip-….<region>.compute.internal`. */
export function dnsNameOf(region: string, address: string): string {
  const domain = region === 'us-east-1' ? 'ec2.internal' : `${region}.compute.internal`
  return `ip-${address.replaceAll('.', '-')}.${domain}`
}

/** Locally administered, and as unique as the address. */
export function macOf(address: string): string {
  const parts = address.split('.').map((part) => Number(part).toString(16).padStart(2, '0'))
  return ['02', '00', ...parts].join(':')
}
