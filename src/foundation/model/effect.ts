import type { AuditNote } from './audit.ts';
import type { MuteReason } from './event.ts';
import type { EventKind } from './exchange.ts';
import type { ReportRule } from './transaction.ts';

/**
 * A consequence of a decision elsewhere: stored in the same write, carried out at once or, after a crash, by the sweep;
 * idempotent by `id`.
 */
export type Effect =
  | { id: string; kind: 'login-succeeded'; serial: string; at: number }
  /**
   * A phone accepted a login of this user. `client`: the key of the login's client, if known; `prompted`: prompts of
   * the phone are counted; `failures`: the counter of wrong PINs to reset.
   */
  | {
      id: string;
      kind: 'phone-accepted';
      serial: string;
      at: number;
      user: string;
      realm: string;
      client?: string | undefined;
      prompted?: boolean;
      failures?: string | undefined;
    }
  /** The user reported a login as somebody else's. */
  | { id: string; kind: 'login-reported'; serial: string; at: number; user: string; realm: string; because: MuteReason; rule: ReportRule }
  /** `phoneKey` is that of the challenge: no other phone is activated. */
  | { id: string; kind: 'token-activated'; serial: string; at: number; phoneKey: string }
  /** The message of the outbox that tells the auth server of this decision is due. */
  | { id: string; kind: 'callback-due'; message: string }
  /** An event for the auth server; `position` is its place among those of the transaction. */
  | {
      id: string;
      kind: 'event-published';
      authServer: string;
      at: number;
      event: EventKind;
      position: number;
      data: Record<string, string>;
    }
  /** Whether the transaction expires is to be seen at `finishUntil`. */
  | { id: string; kind: 'expiry-watched'; authServer: string; finishUntil: number }
  /** An event for the audit. */
  | ({ kind: 'noted' } & AuditNote);
