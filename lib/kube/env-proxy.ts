import { BlockList, isIP } from 'node:net'

/**
 * The proxy by which the environment wants a server to be reached, as kubectl reads it: HTTPS_PROXY
 * or HTTP_PROXY by the server's scheme, in capitals or not, unless NO_PROXY names the server. This
 * machine is never reached by a proxy.
 */
export function envProxy(server: string, env: NodeJS.ProcessEnv): string | undefined {
  const { protocol, hostname, port } = new URL(server)
  const name = protocol === 'https:' ? 'https_proxy' : 'http_proxy'
  const proxy = env[name.toUpperCase()] || env[name] || undefined
  if (proxy === undefined) return undefined
  const host = hostname.replace(/^\[(.*)\]$/, '$1')
  const noProxy = env['NO_PROXY'] || env['no_proxy'] || ''
  if (isLoopback(host) || isListed(noProxy, host, port || (protocol === 'https:' ? '443' : '80'))) {
    return undefined
  }
  // As curl and Go take it: `proxy.example.com:3128`.
  return proxy.includes('://') ? proxy : `http://${proxy}`
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d+){3}$/.test(host)
}

/** `*`, `example.com` with all below it, `.example.com`, `10.0.0.0/8`, `10.0.0.1`, `host:443`. */
function isListed(list: string, host: string, port: string): boolean {
  return list
    .split(/[\s,]+/)
    .filter((item) => item !== '')
    .some((item) => {
      if (item === '*') return true
      const [, address = '', prefix] = /^(.+)\/(\d+)$/.exec(item) ?? []
      if (prefix !== undefined) return isInside(host, address, Number(prefix))
      const [, name = item, onlyPort] = /^([^:]+):(\d+)$/.exec(item) ?? []
      if (onlyPort !== undefined && onlyPort !== port) return false
      const suffix = name.toLowerCase().replace(/^\*?\./, '')
      return host === suffix || (isIP(host) === 0 && host.endsWith(`.${suffix}`))
    })
}

function isInside(host: string, network: string, prefix: number): boolean {
  const family = isIP(network)
  if (family === 0 || isIP(host) !== family || prefix > (family === 4 ? 32 : 128)) return false
  const block = new BlockList()
  const type = family === 4 ? 'ipv4' : 'ipv6'
  block.addSubnet(network, prefix, type)
  return block.check(host, type)
}
