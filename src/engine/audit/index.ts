import type { Actor, GatewayEvent } from '../../foundation/model/index.ts';
import { type Erased, type ErasedFrom, eraseLate, erasePerson, expireEntries, type KeepDays } from './keeping.ts';
import { openPersonKeys } from './person-keys.ts';
import { type AuditReading, openReading } from './reading.ts';
import { openSealing } from './sealing.ts';
import { type AuditTrail, openAuditTrail, type TrailParts } from './trail.ts';
import { type AuditVerified, verifyAudit } from './verify.ts';

export { type Act, type ActParts, actOf, type Noted } from './act.ts';
export type { Erased, ErasedFrom, KeepDays } from './keeping.ts';
export type { Held } from './queue.ts';
export type { AuditLine, AuditLines, AuditQuery, AuditWish } from './reading.ts';
export { openSealing, type Told } from './sealing.ts';
export type { AuditTrail, TrailParts } from './trail.ts';
export type { AuditProblem, AuditVerified } from './verify.ts';

/**
 * Who did what, and what was decided: append-only, one chain of hashes for each run of a gateway.
 * @see docs/audit.md
 */
export type Audit = AuditReading &
  AuditTrail & {
    /** Looks at every entry; `problem` is the first one that is not as it was written. */
    verify(): Promise<AuditVerified>;
    /** Takes a person's clear text and key out of the audit. */
    erase(by: Actor, who: Erased): Promise<ErasedFrom>;
    /** Takes the content of entries that are older than they have to be kept, and what is left of people who were erased. */
    expire(keep: KeepDays): Promise<void>;
  };

/** Opens the audit in this store, and begins a chain in it. */
export async function openAudit(parts: TrailParts): Promise<Audit> {
  const trail = await openAuditTrail(parts);
  /** Told like any other, and there when it resolves. */
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
    /** One at a time: whoever asks meanwhile is told the same. */
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

/** The audit for a command, beside gateways or without one. */
export type AuditTool = AuditReading & Pick<Audit, 'verify' | 'erase'>;

/** Opens the audit for a command. Only what it writes begins a chain. */
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
