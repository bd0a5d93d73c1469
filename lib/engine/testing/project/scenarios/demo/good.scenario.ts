import { configMap, cordon, demo, demoFileEnds } from '../../demo.ts'

const file = import.meta.url

demo(file, 'a cordon is taken back', { tags: ['good'] }, async (control) => {
  await configMap(control, 'deployed', 'file')
  await cordon(control, 'node-a')
  await configMap(control, 'passing')
  const node = await control.run.cluster.core.readNode({ name: 'node-a' })
  control.evidence({
    check: 'cordoned',
    verdict: node.spec?.unschedulable === true ? 'true' : 'false',
    summary: 'node-a is cordoned',
  })
})

demo(file, 'the next one finds the node free', { tags: ['good'] }, async (control) => {
  const node = await control.run.cluster.core.readNode({ name: 'node-a' })
  const { items } = await control.run.cluster.core.listNamespacedConfigMap({
    namespace: control.run.target.namespace,
  })
  const names = items.map(({ metadata }) => metadata?.name)
  control.evidence({
    check: 'free',
    verdict:
      node.spec?.unschedulable !== true && names.includes('deployed') && !names.includes('passing')
        ? 'true'
        : 'false',
    summary: `node-a is ${node.spec?.unschedulable === true ? 'cordoned' : 'free'}; ${names.join()}`,
  })
})

demoFileEnds(file)
