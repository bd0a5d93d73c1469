import { DataLossError, InconclusiveError } from '../../../../../model/errors.ts'
import { cordon, demo } from '../../demo.ts'

const file = import.meta.url
const seen = { check: 'seen', verdict: 'true', summary: 'something was seen' } as const

demo(file, 'this one fails', { tags: ['outcomes', 'fails'] }, async (control) => {
  await cordon(control, 'node-b')
  control.evidence(seen)
  throw new DataLossError('Row 7 is missing.', { hint: 'Look at row 7.' })
})

demo(file, 'this one is unknown', { tags: ['outcomes'] }, () =>
  Promise.reject(new InconclusiveError('The steady state was not reached.')),
)

demo(file, 'this one checks nothing', { tags: ['outcomes'] }, () => Promise.resolve())

demo(file, 'this one saw it was false', { tags: ['outcomes'] }, (control) => {
  control.evidence({ check: 'other', verdict: 'false', summary: 'it was not so' })
  return Promise.resolve()
})

demo(file, 'this one breaks', { tags: ['outcomes', 'breaks'] }, () =>
  Promise.reject(new TypeError('x is not a function')),
)

demo(
  file,
  'this one needs nine zones',
  { tags: ['outcomes', 'skips'], needs: { zones: 9 } },
  (control) => {
    control.evidence(seen)
    return Promise.resolve()
  },
)
