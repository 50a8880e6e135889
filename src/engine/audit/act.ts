import { randomHex } from '../../foundation/crypto/index.ts';
import type { AuditNote, Clock, GatewayEvent, Tell } from '../../foundation/model/index.ts';
import type { Told } from './sealing.ts';
import type { AuditTrail } from './trail.ts';

/** What is told of an act, and `note`, which is written with it. */
export type Noted = Told & { note: AuditNote };

/** How an act on a `T` is told: its note is written in the same update, and log, metrics and audit hear of it when it is. */
export type Act<T> = {
  /** What is written with the act, if anything is told of it. */
  notedOf(it: T): Noted | undefined;
  /** It is written. */
  done(noted: Noted): void;
  /** It was asked for, and there was nothing to write. */
  needless(it: T): void;
};

/** What acts are told with. */
export type ActParts = { clock: Clock; tell: Tell; audit: Pick<AuditTrail, 'chain' | 'seal'> };

/** An act that is told as this event. */
export const actOf = <T>({ clock, tell, audit }: ActParts, eventOf: (it: T) => GatewayEvent): Act<T> => ({
  notedOf(it) {
    const told = { id: randomHex(12), at: clock(), event: eventOf(it) };
    return { ...told, note: audit.seal(told) };
  },
  done({ note: _note, ...told }) {
    tell(told.event, 'kept');
    audit.chain([told], 'by-itself');
  },
  needless: (it) => tell(eventOf(it)),
});
