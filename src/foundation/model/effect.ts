import type { AuditNote } from './audit.ts';
import type { MuteReason } from './event.ts';
import type { ReportRule } from './transaction.ts';

/** What a decision causes elsewhere: stored in the same write, carried out at once or by the sweep after a crash, idempotent by `id`. */
export type Effect =
  | { id: string; kind: 'login-succeeded'; serial: string; at: number }
  /** A phone said yes to this user. `client`: the key of the client that the login came from, where one was told; `prompted`: prompts of the phone are counted; `failures`: the counter of wrong PINs that ends. */
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
  /** Its user says that a login is somebody else's. */
  | { id: string; kind: 'login-reported'; serial: string; at: number; user: string; realm: string; because: MuteReason; rule: ReportRule }
  /** `phoneKey` is that of the challenge: no other phone is activated. */
  | { id: string; kind: 'token-activated'; serial: string; at: number; phoneKey: string }
  /** Goes into the audit. */
  | ({ kind: 'noted' } & AuditNote);
