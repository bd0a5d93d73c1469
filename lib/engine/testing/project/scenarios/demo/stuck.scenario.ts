import { configMap, cordon, demo } from '../../demo.ts'

const file = import.meta.url

demo(file, 'this one never ends', { tags: ['stuck'] }, async (control) => {
  await configMap(control, 'left', 'file')
  await cordon(control, 'node-a')
  control.run.timeline.emit({ kind: 'test.stuck' })
  await new Promise(() => {
    // A promise alone would not keep the worker.
    setInterval(() => undefined, 1000)
  })
})

demo(file, 'this one never begins', { tags: ['stuck'] }, async (control) => {
  await cordon(control, 'node-b')
})
