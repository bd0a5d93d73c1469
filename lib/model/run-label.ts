/** Every object that a run makes on a shared cluster carries this label with the run's id. */
export const RUN_LABEL = 'zonefall.io/run'

/** Of what is in no namespace: that of the file of scenarios that it was made for. */
export const NAMESPACE_LABEL = 'zonefall.io/namespace'

/** What an object of the run's own is for: `agent`, `canary`. */
export const ROLE_LABEL = 'zonefall.io/role'
/** The role of the pods that watch faults from inside their zone: no fault moves them. */
export const AGENT_ROLE = 'agent'
