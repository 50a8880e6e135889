import { randomHex } from '../../foundation/crypto/index.ts';
import type { AuditNote, Clock, GatewayEvent, Tell } from '../../foundation/model/index.ts';
import type { AuditTrail } from './trail.ts';

/** How an act on a `T` is told: its note is written in the same update, and log, metrics and audit hear of it when it is. */
export type Act<T> = {
  /** What is written with the act, if anything is told of it. */
  noteFor(it: T): AuditNote | undefined;
  /** It is written. */
  done(note: AuditNote): void;
  /** It was asked for, and there was nothing to write. */
  needless(it: T): void;
};

/** What acts are told with. */
export type ActParts = { clock: Clock; tell: Tell; audit: Pick<AuditTrail, 'chain'> };

/** An act that is told as this event. */
export const actOf = <T>({ clock, tell, audit }: ActParts, eventOf: (it: T) => GatewayEvent): Act<T> => ({
  noteFor: (it) => ({ id: randomHex(12), at: clock(), event: eventOf(it) }),
  done(note) {
    tell(note.event, 'kept');
    audit.chain([note], 'by-itself');
  },
  needless: (it) => tell(eventOf(it)),
});
