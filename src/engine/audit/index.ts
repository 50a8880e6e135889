import type { Actor, GatewayEvent } from '../../foundation/model/index.ts';
import { type Erased, erasePerson, expireEntries, type KeepDays } from './keeping.ts';
import { openPersonKeys } from './person-keys.ts';
import { type AuditReading, openReading } from './reading.ts';
import { type AuditTrail, openAuditTrail, type TrailParts } from './trail.ts';
import { type AuditVerified, verifyAudit } from './verify.ts';

export { type Act, type ActParts, actOf } from './act.ts';
export type { Erased, KeepDays } from './keeping.ts';
export type { Held } from './queue.ts';
export type { AuditLine, AuditLines, AuditQuery, AuditWish } from './reading.ts';
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
    /** Takes a person's clear text and key out of the audit; returns in how many entries. */
    erase(by: Actor, who: Erased): Promise<number>;
    /** Takes the content of entries that are older than they have to be kept. */
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
  const keeping = { ...parts, tell };
  return {
    ...openReading(parts.store),
    ...trail,
    async verify() {
      await trail.flush();
      return verifyAudit({ ...parts, personKeys: openPersonKeys(parts) });
    },
    async erase(by, who) {
      await trail.flush();
      return erasePerson(keeping, by, who);
    },
    expire: (keep) => expireEntries(keeping, keep),
  };
}

/** The audit for a command, beside gateways or without one. */
export type AuditTool = AuditReading & Pick<Audit, 'verify' | 'erase'>;

/** Opens the audit for a command. Only what it writes begins a chain. */
export function openAuditTool(parts: TrailParts): AuditTool {
  return {
    ...openReading(parts.store),
    verify: () => verifyAudit({ ...parts, personKeys: openPersonKeys(parts) }),
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
