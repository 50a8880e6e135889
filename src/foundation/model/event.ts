import type { OutcomeKind } from './delivery.ts';
import type { ChallengeMode, DeclineReason } from './transaction.ts';

/** The origin of a request: the auth server and its dialect, the client's address, and the request id. */
export type Origin = { authServer: string; dialect: string; client: string; requestId?: string | undefined };

/** An administrator who acts, and the origin of the request. The name is empty when an auth server acts itself. */
export type Actor = Origin & { administrator: string };

/** The user concerned; both fields are empty for a push token without an owner. */
type Subject = { user: string; realm: string };

/** Why a login was not started or not finished. */
export const loginRefusals = [
  'denied',
  'no-credential',
  'too-often',
  'limited',
  'unknown-user',
  'barred-user',
  'no-token',
  'unusable-token',
  'wrong-pin',
  'locked',
  'undeliverable',
  'unable-phone',
  'wrong-identity',
  'not-answered',
  'wrong-code',
  'unknown-transaction',
] as const;
/** One of them. */
export type LoginRefusalReason = (typeof loginRefusals)[number];

/**
 * Why a TLS handshake with a client failed. `our-certificate`: the client does not trust our certificate. `hung-up`:
 * the client closed without an alert, as some clients do that do not trust our certificate.
 */
export const tlsRefusalReasons = [
  'no-certificate',
  'untrusted',
  'expired',
  'not-yet-valid',
  'our-certificate',
  'no-tls',
  'old-tls',
  'hung-up',
  'timeout',
  'other',
] as const;
/** One of them. */
export type TlsRefusalReason = (typeof tlsRefusalReasons)[number];

/**
 * Why a request was refused under overload: the login queue was too long, the request had waited too long in it, or its
 * listener had the maximum of requests under way.
 */
export const shedReasons = ['queue', 'waited', 'under-way'] as const;
/** One of them. */
export type ShedReason = (typeof shedReasons)[number];

/**
 * Why a connection was closed: the process or the client's network had its maximum of connections, or too many requests
 * were half sent and this one was the oldest.
 */
export const connectionRefusals = ['process', 'network', 'half-sent'] as const;
/** One of them. */
export type ConnectionRefusalReason = (typeof connectionRefusals)[number];

/**
 * Why a request was not accepted as an auth server's: its credential is `malformed`, `expired`, `wrong` or `mistyped`; its
 * certificate or address belongs to no auth server; the auth server lacks the right; or the object belongs to another
 * auth server (`not-theirs`).
 */
export type CallerRefusalReason =
  | 'malformed'
  | 'expired'
  | 'wrong'
  | 'mistyped'
  | 'unknown-certificate'
  | 'unknown-caller'
  | 'no-right'
  | 'not-theirs';

/**
 * Why an administrative act was refused: the token is missing or bad; a browser did not send the guard against forged
 * requests (`forged`); no policy gives the right; the user has the maximum of push tokens; the act would leave no
 * administrator (`last-account`), or is not available on this interface (`not-here`).
 */
export type ActRefusalReason =
  | 'no-token'
  | 'malformed'
  | 'expired'
  | 'wrong-role'
  | 'forged'
  | 'no-right'
  | 'too-many-tokens'
  | 'last-account'
  | 'not-here';

/** Administrative acts on a push token. */
export type TokenAct =
  | 'offer'
  | 'renew'
  | 'enable'
  | 'disable'
  | 'set-pin'
  | 'set-fields'
  | 'reset'
  | 'revoke'
  | 'delete'
  | 'note'
  | 'polling'
  | 'assign'
  | 'unassign'
  | 'add-address'
  | 'remove-address'
  | 'clear-limits'
  | 'hand-over';

/** Administrative acts on administrators' accounts. */
export type AccountAct = 'make' | 'set-password' | 'enable' | 'disable' | 'remove';

/** Administrative acts on messages of the outbox. */
export type OutboxAct = 'replay' | 'drop';

/** The outcome of one step of a delivery plan. `ms` is its duration; `reason` is empty on success. */
export type DeliveryAttempt = { provider: string; outcome: OutcomeKind | 'skipped'; reason: string; ms: number };

/** Why a phone gets no pushes for a while. */
export const muteReasons = ['unanswered', 'not-me', 'bare-decline'] as const;
/** One of them. */
export type MuteReason = (typeof muteReasons)[number];

/** A result that an auth server is told. `unauthenticated`: the user neither approved nor declined. */
export type LoginResult = 'approved' | 'declined' | 'unauthenticated';

/** Why the delivery of a result ended without a confirmation. */
export const undeliveredReasons = ['unknown', 'lost'] as const;
/** One of them. */
export type UndeliveredReason = (typeof undeliveredReasons)[number];

/**
 * A login, from its first leg to its end. `transaction` is our id; `serials` are the push tokens whose phones were
 * asked.
 */
type LoginEvent =
  | ({ kind: 'login-started'; origin: Origin; transaction: string; serials: string[] } & Subject)
  /** An identical request joined a login whose phone was asked already; one answer settles both. */
  | ({ kind: 'login-joined'; origin: Origin; transaction: string; serials: string[] } & Subject)
  | ({ kind: 'login-refused'; origin: Origin; reason: LoginRefusalReason; serials: string[]; transaction?: string | undefined } & Subject)
  /** The policy `rule` let the user in without a phone; `via` names the system that checked the password. */
  | ({ kind: 'login-passed-on'; origin: Origin; rule: string; via?: string | undefined } & Subject)
  /** `rule`: the policy that chose the providers, if one did. */
  | { kind: 'push-delivered'; transaction: string; serial: string; sent: boolean; rule?: string | undefined; attempts: DeliveryAttempt[] }
  | ({
      kind: 'challenge-answered';
      authServer: string;
      transaction: string;
      serial: string;
      mode: ChallengeMode;
      verdict: 'accepted' | 'declined' | 'locked' | 'code-shown';
      declineReason?: DeclineReason | undefined;
    } & Subject)
  /** The user reported this login as somebody else's; `disabled`: the push token was disabled, too. */
  | ({ kind: 'login-reported'; authServer: string; transaction: string; serial: string; because: MuteReason; disabled: boolean } & Subject)
  /** A decline without a reason, from an app that may not support reasons. */
  | ({ kind: 'bare-decline'; authServer: string; transaction: string; serial: string } & Subject)
  /** A phone had more open challenges than policies allow: this one made room for another. */
  | ({ kind: 'challenge-displaced'; authServer: string; transaction: string; serial: string } & Subject)
  /** The phone was asked too often without an accept, or its user reported a login: it gets no pushes for `forMs`. */
  | ({ kind: 'phone-muted'; serial: string; because: MuteReason; forMs: number } & Subject)
  /**
   * Too many wrong PINs: for `forMs`, logins of this user through this auth server from the same origin send no push
   * and do not reveal whether the PIN was right.
   */
  | ({ kind: 'logins-quiet'; authServer: string; serials: string[]; forMs: number } & Subject)
  /** A login waits for a phone that gets no push, because it is muted or its user's logins are quiet. */
  | ({ kind: 'push-withheld'; transaction: string; serial: string } & Subject)
  /** The auth server finished the login: the user is in. */
  | ({ kind: 'login-finished'; authServer: string; transaction: string; serials: string[] } & Subject)
  /** The auth server was told the result of a login. */
  | { kind: 'result-delivered'; authServer: string; transaction: string; result: LoginResult }
  /**
   * The auth server was not told the result. `unknown`: it may have got it, and it is not sent again, since a second
   * one could undo the first; `lost`: it does not have it. `reason`: a word, or an HTTP status.
   */
  | {
      kind: 'result-undelivered';
      authServer: string;
      transaction: string;
      result: LoginResult;
      because: UndeliveredReason;
      reason: string;
    };

/** Push tokens: acts of phones and administrators. */
type TokenEvent =
  | ({ kind: 'phone-enrolled'; serial: string; client: string } & Subject)
  | ({ kind: 'address-told'; serial: string; addressKind: string; client: string } & Subject)
  | { kind: 'address-dead'; serial: string; addressKinds: string[] }
  | ({ kind: 'token-administered'; act: TokenAct; serial: string; by: Actor } & Subject);

/** Administrative acts on challenges. */
type ChallengeEvent =
  | ({ kind: 'challenge-cancelled'; transaction: string; serials: string[]; by: Actor } & Subject)
  /** Expired transactions were deleted before their time; `count` is how many. */
  | { kind: 'expired-deleted'; count: number; by: Actor };

/** Administrators, and sources that fail too often. */
type AccessEvent =
  | { kind: 'administrator-logged-in' | 'administrator-refused'; administrator: string; client: string }
  | { kind: 'administrator-logged-out'; by: Actor }
  /** `origin.authServer`: the auth server that was recognised; empty when none was. */
  | { kind: 'caller-refused'; reason: CallerRefusalReason; origin: Origin }
  /** `act`: the right that it needs, or the act itself. `by.administrator` is empty for an unknown caller. */
  | { kind: 'administration-refused'; reason: ActRefusalReason; act: string; by: Actor }
  | { kind: 'account-administered'; act: AccountAct; account: string; by: Actor }
  /**
   * This source is refused for `forMs`. It is an address, perhaps with a serial appended; with `user`, refused for that
   * user only.
   */
  | ({ kind: 'source-limited'; scope: string; source: string; forMs: number } & Partial<Subject>);

type ShownCertificate = { subject: string; issuer: string; validFrom: string; validTo: string };

/** The gateway itself and the systems that it depends on. */
type SystemEvent =
  | { kind: 'gateway-started'; version: string; listeners: string[] }
  | { kind: 'gateway-stopped'; version: string }
  /**
   * `restart` names the parts that only change at the next start; `part` is the one part that was reloaded, when not
   * all were.
   */
  | { kind: 'configuration-reloaded'; part?: string | undefined; restart: string[] }
  | { kind: 'configuration-refused'; problems: string[] }
  /** The provider could not be opened at the start and gets no pushes; all others work. */
  | { kind: 'provider-out-of-use'; provider: string; problems: string[] }
  | { kind: 'breaker-opened' | 'breaker-closed'; provider: string }
  /** An administrator reopened the provider and closed its breaker. */
  | { kind: 'provider-reset'; provider: string; by: Actor }
  /**
   * The credential ends within 30 days, or has ended (`daysLeft` below 0). Told once a day. `what`: a certificate's
   * subject, or a key's purpose.
   */
  | { kind: 'credential-ending'; holder: string; type: 'certificate' | 'key'; what: string; ends: string; daysLeft: number }
  | { kind: 'store-lost' | 'store-back' }
  /** A message of the outbox was given up; `error` is the reason of the last attempt. */
  | { kind: 'message-dead'; target: string; authServer: string; message: string; attempts: number; error: string }
  /** An administrator freed the identity of a user at an issuer. */
  | ({ kind: 'identity-removed'; identity: string; issuer: string; by: Actor } & Subject)
  /** An administrator had a dead message sent again, or deleted a message. */
  | { kind: 'outbox-administered'; act: OutboxAct; target: string; message: string; by: Actor }
  /**
   * A gateway ended without notice. Events of its last second that were not written with an act may be missing. Epoch
   * ms.
   */
  | { kind: 'audit-gap'; writer: string; from: number; to: number }
  /** `count` events were lost: there was no room for them while the store was away, or they could not be written. */
  | { kind: 'audit-lost'; count: number }
  /** A note beside an act was not written by a gateway of this keyring; its content is ignored. */
  | { kind: 'audit-note-refused'; note: string }
  /**
   * The retention time of these kinds is over: `count` entries from before `before` (epoch ms) lose their content.
   * Recorded before that happens.
   */
  | { kind: 'audit-expired'; kinds: string[]; before: number; count: number }
  /** The clear text of a person is erased, with the keys (by id) of its hashes. Recorded before that happens. */
  | { kind: 'audit-erased'; persons: string[]; by: Actor }
  /** Requests are refused because of overload; told for the first one. `authServer` is empty when unknown. */
  | { kind: 'overload-began'; authServer: string; reason: ShedReason }
  /** No request was refused for ten seconds; `refused` is how many were before. */
  | { kind: 'overload-ended'; refused: number }
  /** Told once a minute per reason, with the first client affected. */
  | { kind: 'connections-refused'; listener: string; client: string; reason: ConnectionRefusalReason }
  /** `reason` is the code of Node or OpenSSL, `problem` its meaning; `certificate`: the client's, if still known. */
  | {
      kind: 'tls-refused';
      listener: string;
      client: string;
      reason: string;
      problem: TlsRefusalReason;
      certificate?: ShownCertificate | undefined;
    };

/**
 * An event worth recording: every decision and every administrative act. It holds no secret: no PIN, key, device
 * address, nonce or credential. Consumers (log, metrics, audit) get it with its time.
 */
export type GatewayEvent = LoginEvent | TokenEvent | ChallengeEvent | AccessEvent | SystemEvent;

/**
 * Publishes an event to all consumers. Never throws and never waits. `kept`: the event is already in the store, written
 * with the act itself, and reaches the audit from there.
 */
export type Tell = (event: GatewayEvent, kept?: 'kept') => void;
