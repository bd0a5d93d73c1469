import { expect, test } from 'vitest'
import { quantityOf } from './quantity.ts'

test('quantities of Kubernetes are numbers', () => {
  const texts = ['500m', '2', '1Gi', '1500M', '17', '1e3', 'nonsense']
  expect(texts.map((text) => quantityOf(text))).toEqual([0.5, 2, 2 ** 30, 1.5e9, 17, 1000, 0])
})
