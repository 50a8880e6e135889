import { randomHex } from '../../foundation/crypto/index.ts';
import type { AuditNote, Clock, GatewayEvent, Tell } from '../../foundation/model/index.ts';
import type { DatedEvent } from './sealing.ts';
import type { AuditTrail } from './trail.ts';

/** The event of an act, and the `note` that is written with it. */
export type NotedEvent = DatedEvent & { note: AuditNote };

/**
 * How an act on a `T` is recorded: its note is written in the same update, and then log, metrics and audit receive the
 * event.
 */
export type Act<T> = {
  /** The note to write with the act; undefined if the act has no event. */
  noteFor(it: T): NotedEvent | undefined;
  /** To be called when the act is written. */
  done(noted: NotedEvent): void;
  /** To be called when the act was requested but changed nothing. */
  unchanged(it: T): void;
};

/** The parts that acts are recorded with. */
export type ActParts = { clock: Clock; tell: Tell; audit: Pick<AuditTrail, 'chain' | 'seal'> };

/** An act with this event. */
export const actOf = <T>({ clock, tell, audit }: ActParts, eventOf: (it: T) => GatewayEvent): Act<T> => ({
  noteFor(it) {
    const told = { id: randomHex(12), at: clock(), event: eventOf(it) };
    return { ...told, note: audit.seal(told) };
  },
  done({ note: _note, ...told }) {
    tell(told.event, 'kept');
    audit.chain([told], 'by-itself');
  },
  unchanged: (it) => tell(eventOf(it)),
});
