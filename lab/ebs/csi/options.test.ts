import { describe, expect, test } from 'vitest'
import { parseOptions, UsageError } from './options.ts'

const SOCKET = '/var/lib/kubelet/plugins/ebs.csi.aws.com/csi.sock'

describe('the command line', () => {
  test('of the add-on starts the controller', () => {
    const env = { CSI_ENDPOINT: 'unix:///var/lib/csi/sockets/pluginproxy/csi.sock' }
    const args = ['controller', '--batching=true', '--logging-format=text', '--v=2']
    expect(parseOptions(args, env)).toEqual({
      mode: 'controller',
      socketPath: '/var/lib/csi/sockets/pluginproxy/csi.sock',
      extraTags: {},
    })
    expect(
      parseOptions([...args, '--k8s-tag-cluster-id=zf', '--extra-tags=a=b,c=d=e'], env),
    ).toMatchObject({ extraTags: { 'kubernetes.io/cluster/zf': 'owned', a: 'b', c: 'd=e' } })
  })

  test("of the machine's service starts the node and registers it", () => {
    expect(
      parseOptions(
        ['node', '--register', `--endpoint=unix:${SOCKET}`, '--node-name=ip-10-0-1-10'],
        {
          KUBECONFIG: '/etc/kubernetes/kubelet.kubeconfig',
        },
      ),
    ).toEqual({
      mode: 'node',
      socketPath: SOCKET,
      nodeName: 'ip-10-0-1-10',
      kubeconfig: '/etc/kubernetes/kubelet.kubeconfig',
      attachLimit: undefined,
      registration: { endpoint: SOCKET, directory: '/var/lib/kubelet/plugins_registry' },
    })
  })

  test("takes upstream's options for the node", () => {
    const args = ['node', '--endpoint', `unix:${SOCKET}`, '--metadata-sources=kubernetes']
    expect(
      parseOptions([...args, '--volume-attach-limit=25', '--kubeconfig=/k'], {
        CSI_NODE_NAME: 'n',
      }),
    ).toEqual({
      mode: 'node',
      socketPath: SOCKET,
      nodeName: 'n',
      kubeconfig: '/k',
      attachLimit: 25,
    })
  })

  test("takes node-driver-registrar's options", () => {
    const args = [`--csi-address=${SOCKET}`, '--kubelet-registration-path=/k/csi.sock']
    expect(parseOptions(['registrar', ...args, '--plugin-registration-dir=/r'], {})).toEqual({
      mode: 'registrar',
      csiAddress: SOCKET,
      endpoint: '/k/csi.sock',
      directory: '/r',
    })
  })

  test.each([
    [[], 'unknown mode ""'],
    [['all'], 'unknown mode "all"'],
    [['controller'], '--endpoint or CSI_ENDPOINT'],
    [['controller', '--endpoint=tcp://1.2.3.4:5'], 'no absolute path'],
    [['controller', '--endpoint=/s', '--colour=red'], "'--colour'"],
    [['node', '--endpoint=/s'], '--node-name or CSI_NODE_NAME'],
    [
      ['node', '--endpoint=/s', '--node-name=n', '--metadata-sources=imds'],
      'must contain kubernetes',
    ],
    [
      ['node', '--endpoint=/s', '--node-name=n', '--volume-attach-limit=x'],
      'must be a whole number',
    ],
    [['registrar', '--csi-address=/s'], '--kubelet-registration-path is required'],
  ])('%j is refused', (argv, message) => {
    expect(() => parseOptions(argv, {})).toThrow(UsageError)
    expect(() => parseOptions(argv, {})).toThrow(message)
  })
})
