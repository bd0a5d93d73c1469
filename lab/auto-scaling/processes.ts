/**
 * What a group does by itself, as far as it can be told to stop. The last five have nothing to do
 * on the lab: they are suspended, resumed and listed, and that is all.
 * Source: Amazon EC2 Auto Scaling user guide, "Suspend and resume processes".
 */
export const PROCESSES = [
  'Launch',
  'Terminate',
  'HealthCheck',
  'ReplaceUnhealthy',
  'AZRebalance',
  'AddToLoadBalancer',
  'AlarmNotification',
  'InstanceRefresh',
  'ScheduledActions',
] as const

export type Process = (typeof PROCESSES)[number]
