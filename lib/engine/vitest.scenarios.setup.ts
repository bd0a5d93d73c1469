import { dieWithSupervisor } from './die-with-supervisor.ts'

// Runs in every worker before a scenario file is imported.
await dieWithSupervisor()
