import { expect, test } from 'vitest'
import { envProxy } from './env-proxy.ts'

const proxy = 'http://proxy.example.com:3128'
const server = 'https://0123ABCD.gr7.us-east-1.eks.amazonaws.com'

test.for<[string, NodeJS.ProcessEnv, string, string | undefined]>([
  ['nothing set', {}, server, undefined],
  ['HTTPS_PROXY', { HTTPS_PROXY: proxy }, server, proxy],
  ['in small letters', { https_proxy: proxy }, server, proxy],
  ['without a scheme', { HTTPS_PROXY: 'proxy.example.com:3128' }, server, proxy],
  ['of the other scheme', { HTTP_PROXY: proxy }, server, undefined],
  ['of its own scheme', { HTTP_PROXY: proxy }, 'http://10.1.2.3', proxy],
  ['this machine', { HTTPS_PROXY: proxy }, 'https://127.0.0.1:6443', undefined],
  ['this machine by IPv6', { HTTPS_PROXY: proxy }, 'https://[::1]:6443', undefined],
  ['everything left out', { HTTPS_PROXY: proxy, NO_PROXY: '*' }, server, undefined],
  ['its domain left out', { HTTPS_PROXY: proxy, NO_PROXY: 'a, .amazonaws.com' }, server, undefined],
  ['a domain that only ends alike', { HTTPS_PROXY: proxy, NO_PROXY: 'zonaws.com' }, server, proxy],
  ['its network', { HTTPS_PROXY: proxy, NO_PROXY: '10.0.0.0/8' }, 'https://10.1.2.3', undefined],
  ['another network', { HTTPS_PROXY: proxy, NO_PROXY: '10.0.0.0/16' }, 'https://10.1.2.3', proxy],
  ['its port', { HTTPS_PROXY: proxy, NO_PROXY: 'a.example:443' }, 'https://a.example', undefined],
  ['another port', { HTTPS_PROXY: proxy, NO_PROXY: 'a.example:80' }, 'https://a.example', proxy],
])('%s', ([, env, to, expected]) => {
  expect(envProxy(to, env)).toBe(expected)
})
