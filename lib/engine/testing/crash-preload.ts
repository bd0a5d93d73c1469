import { CrashHook } from './crash-hook.ts'

// For `node --import`: a process that cleans up, and is to be killed at it.
new CrashHook(process.pid).install()
