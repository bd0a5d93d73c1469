/** Said to whoever starts a scenario outside of a run; a file of its own because it imports nothing. */
export const HOW_TO_RUN =
  'Scenarios change a cluster, so they run only under the supervisor, which cleans up after them: ' +
  'npx zonefall run [FILTER…].'
