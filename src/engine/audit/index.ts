import type { Actor, GatewayEvent } from '../../foundation/model/index.ts';
import { type Erased, type ErasedFrom, eraseLate, erasePerson, expireEntries, type KeepDays } from './keeping.ts';
import { openPersonKeys } from './person-keys.ts';
import { type AuditReading, openReading } from './reading.ts';
import { openSealing } from './sealing.ts';
import { type AuditTrail, openAuditTrail, type TrailParts } from './trail.ts';
import { type AuditVerified, verifyAudit } from './verify.ts';

export { type Act, type ActParts, actOf, type NotedEvent } from './act.ts';
export type { Erased, ErasedFrom, KeepDays } from './keeping.ts';
export type { NotePlace } from './queue.ts';
export type { AuditLine, AuditLines, AuditPage, AuditQuery } from './reading.ts';
export { type DatedEvent, openSealing } from './sealing.ts';
export type { AuditTrail, TrailParts } from './trail.ts';
export type { AuditProblem, AuditVerified } from './verify.ts';

/**
 * The audit: who did what, and what was decided. Append-only, with one chain of hashes per run of a gateway.
 * @see docs/audit.md
 */
export type Audit = AuditReading &
  AuditTrail & {
    /** Checks every entry; `problem` is the first one that was changed. */
    verify(): Promise<AuditVerified>;
    /** Removes a person's clear text and key from the audit. */
    erase(by: Actor, who: Erased): Promise<ErasedFrom>;
    /** Removes the content of entries after their retention time, and late entries about erased persons. */
    expire(keep: KeepDays): Promise<void>;
  };

/** Opens the audit in this store and begins a chain in it. */
export async function openAudit(parts: TrailParts): Promise<Audit> {
  const trail = await openAuditTrail(parts);
  /** Emits an event; it is in the store when the promise resolves. */
  const tell = async (event: GatewayEvent): Promise<void> => {
    parts.tell(event, 'kept');
    trail.take(event);
    await trail.flush();
  };
  const keeping = { ...parts, tell, forget: trail.forgetPersons };
  const tools = { ...parts, sealing: openSealing(parts.keyring), personKeys: openPersonKeys(parts) };
  let verifying: Promise<AuditVerified> | undefined;
  return {
    ...openReading(tools),
    ...trail,
    /** Runs one at a time; concurrent callers share the result. */
    verify() {
      verifying ??= trail
        .flush()
        .then(() => verifyAudit(tools))
        .finally(() => {
          verifying = undefined;
        });
      return verifying;
    },
    async erase(by, who) {
      await trail.flush();
      return erasePerson(keeping, by, who);
    },
    async expire(keep) {
      await expireEntries(keeping, keep);
      await eraseLate(keeping);
    },
  };
}

/** The audit for a command, with or without running gateways. */
export type AuditTool = AuditReading & Pick<Audit, 'verify' | 'erase'>;

/** Opens the audit for a command. It begins a chain only when it writes. */
export function openAuditTool(parts: TrailParts): AuditTool {
  const tools = { ...parts, sealing: openSealing(parts.keyring), personKeys: openPersonKeys(parts) };
  return {
    ...openReading(tools),
    verify: () => verifyAudit(tools),
    async erase(by, who) {
      const audit = await openAudit(parts);
      try {
        return await audit.erase(by, who);
      } finally {
        await audit.close();
      }
    },
  };
}
