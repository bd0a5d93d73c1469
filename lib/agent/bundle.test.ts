import { gunzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { bundleAgent } from './bundle.ts'

test('the bundle fits a ConfigMap and holds the driver, but nothing of Kubernetes', async () => {
  const bundle = await bundleAgent()
  expect(bundle.length).toBeLessThan(512 * 1024)
  const code = gunzipSync(bundle).toString('utf8')
  expect(code).toContain('NoHostAvailableError')
  expect(code).not.toMatch(/kubeconfig|CoreV1Api/i)
})
