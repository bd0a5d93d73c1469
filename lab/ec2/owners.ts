import type { Ec2Context } from './context.ts'

/** Whether a request's owners, if it names any, include the account, whose everything here is. */
export const includesAccount = (
  owners: readonly string[] | undefined,
  { accountId }: Pick<Ec2Context, 'accountId'>,
): boolean => owners?.some((owner) => owner === 'self' || owner === accountId) ?? true
