/** At which change a process is killed: a part of its name, as `kill-preload.ts` has them. */
export const KILL_AT = 'ZONEFALL_TEST_KILL_AT'
/** File to which the change is appended at which it was. */
export const KILL_LOG = 'ZONEFALL_TEST_KILL_LOG'
