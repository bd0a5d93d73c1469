/** Every object that a run makes on a shared cluster carries this label with the run's id. */
export const RUN_LABEL = 'zonefall.io/run'
