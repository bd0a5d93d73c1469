import { cpus, loadavg, release, totalmem, type } from 'node:os'
import type { MachineFacts } from '../model/summary.ts'

/** Of the machine that this process runs on, as it is now. */
export function machineFacts(): MachineFacts {
  const [, , ofQuarter = 0] = loadavg()
  return {
    cores: cpus().length,
    memoryGib: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()}`,
    load: Math.round(ofQuarter * 10) / 10,
  }
}
