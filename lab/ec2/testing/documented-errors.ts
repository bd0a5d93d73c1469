const words = (text: string): readonly string[] => text.trim().split(/\s+/)

/** Source: each service's API reference, "Common Error Types". `AccessDenied` and `Throttling` are
 * what stands on the wire for those that it calls `AccessDeniedException` and
 * `ThrottlingException`; STS lists them so. */
const COMMON = words(`
  AccessDenied InvalidAction InvalidClientTokenId InvalidQueryParameter MissingAction
  MissingAuthenticationToken RequestExpired Throttling ValidationError
`)

/** The codes that the lab answers with; one that is new here needs a place where AWS says it. */
const CODES: Readonly<Record<string, ReadonlySet<string>>> = {
  ec2: new Set([
    // EC2, API reference, "Error codes".
    ...words(`
      AttachmentLimitExceeded AuthFailure ConcurrentSnapshotLimitExceeded DependencyViolation
      DryRunOperation
      IdempotentParameterMismatch IncorrectInstanceState IncorrectModificationState IncorrectState
      InsufficientFreeAddressesInSubnet InsufficientInstanceCapacity InternalError
      InvalidAMIID.Malformed InvalidAMIID.NotFound InvalidAction InvalidAssociationID.NotFound
      InvalidAttachment.NotFound InvalidID InvalidIPAddress.InUse InvalidInstanceID.Malformed
      InvalidInstanceID.NotFound InvalidInstanceType InvalidNetworkAclEntry.NotFound
      InvalidNetworkAclID.NotFound InvalidNetworkInterfaceID.NotFound InvalidNextToken
      InvalidParameterCombination InvalidParameterValue InvalidRequest InvalidSnapshot.NotFound
      InvalidSubnetID.NotFound InvalidVolume.NotFound InvalidVolume.ZoneMismatch
      InvalidVpcID.NotFound InvalidZone.NotFound MalformedQueryString MissingAction MissingParameter
      NetworkAclEntryAlreadyExists NetworkAclEntryLimitExceeded NetworkAclLimitExceeded
      NoSuchVersion OperationNotPermitted RequestLimitExceeded SignatureDoesNotMatch
      TagLimitExceeded UnauthorizedOperation Unavailable UnknownParameter UnknownVolumeType
      UnsupportedOperation VolumeInUse
    `),
    // EBS user guide, "Modify volumes"; what clients such as the EBS CSI driver expect beside it.
    ...words('VolumeModificationRateExceeded InvalidVolumeModification.NotFound'),
    // Not on AWS's page, but what EC2 was seen to answer to user data that is no base64.
    'InvalidUserData.Malformed',
    // HTTP's own status 413; the connection ends with it.
    'RequestEntityTooLarge',
  ]),
  // Auto Scaling, API reference, the errors of each action.
  autoscaling: new Set([
    ...COMMON,
    ...words('InvalidNextToken ResourceContention ScalingActivityInProgress'),
  ]),
  sts: new Set(COMMON),
  // Amazon EKS, API reference, "Common Error Types" and the errors of each action.
  eks: new Set(
    words(`
      AccessDeniedException InvalidParameterException MissingAuthenticationTokenException
      ResourceNotFoundException ThrottlingException UnknownOperationException
      UnrecognizedClientException
    `),
  ),
}

/** Whether AWS documents an error's code for a service. */
export const isDocumentedError = (service: string, code: string): boolean =>
  CODES[service]?.has(code) ?? false
