import { deleteAcl, restoreAcl } from '../aws/network-acls.ts'
import type { Undo } from '../model/journal.ts'
import { needAws, type UndoTools } from './undo-tools.ts'

/** Puts the recorded ACL back on a subnet, unless somebody has given it another meanwhile. */
export async function restoreAssociation(
  { subnetId, aclId, token }: Extract<Undo, { kind: 'restore-acl-association' }>,
  tools: UndoTools,
): Promise<void> {
  await restoreAcl(await needAws(tools).ec2(), subnetId, aclId, token, tools.signal)
}

/** Deletes the ACL that a fault made, if it did. */
export async function deleteOwnAcl(
  { token }: Extract<Undo, { kind: 'delete-acl' }>,
  tools: UndoTools,
): Promise<void> {
  await deleteAcl(await needAws(tools).ec2(), token, tools.signal)
}
