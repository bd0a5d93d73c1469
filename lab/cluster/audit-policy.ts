/**
 * What the API server writes into `logs/audit.log`: who changed what, or entered a pod. The cluster's
 * own parts change something all the time and are left out, so that what a person or a run did is to
 * be seen.
 */
export const AUDIT_POLICY = JSON.stringify({
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived', 'ResponseStarted'],
  rules: [
    { level: 'None', userGroups: ['system:nodes', 'system:serviceaccounts'] },
    {
      level: 'None',
      users: [
        'system:apiserver',
        'system:kube-controller-manager',
        'system:kube-proxy',
        'system:kube-scheduler',
        'cloud-controller-manager',
      ],
    },
    { level: 'Metadata', verbs: ['create', 'update', 'patch', 'delete', 'deletecollection'] },
    {
      level: 'Metadata',
      resources: [
        {
          group: '',
          resources: ['pods/exec', 'pods/attach', 'pods/portforward', 'pods/proxy'],
        },
      ],
    },
    { level: 'None' },
  ],
})
