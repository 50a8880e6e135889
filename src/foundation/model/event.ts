import type { OutcomeKind } from './delivery.ts';
import type { ChallengeMode, DeclineReason } from './transaction.ts';

/** Through whom something came, and from where: the auth server and its dialect, the address that counts for the client, and the id of the request. */
export type Origin = { authServer: string; dialect: string; client: string; requestId?: string | undefined };

/** An administrator who does something, and from where. */
export type Actor = Origin & { administrator: string };

/** Whom it is about; both empty for a push token without an owner. */
type Whom = { user: string; realm: string };

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
  'not-answered',
  'wrong-code',
  'unknown-transaction',
] as const;
/** One of them. */
export type LoginRefusalReason = (typeof loginRefusals)[number];

/**
 * Why a TLS handshake with a client came to nothing. `our-certificate`: the client does not trust ours. `hung-up`: it left without a word, as clients that do
 * not trust ours do, too.
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
 * Why a request was refused for too much to do: the queue of logins was too long for it, it had waited there for too long, or its listener had as many
 * requests under way as it takes.
 */
export const shedReasons = ['queue', 'waited', 'under-way'] as const;
/** One of them. */
export type ShedReason = (typeof shedReasons)[number];

/**
 * Why a connection was closed: the process had as many as it takes, the network of its client had, or its request was the oldest one of too many that were
 * not whole yet.
 */
export const connectionRefusals = ['process', 'network', 'half-sent'] as const;
/** One of them. */
export type ConnectionRefusalReason = (typeof connectionRefusals)[number];

/**
 * Why a request was not taken for one of an auth server that may do that: its credential is `malformed`, `expired` or `wrong`, nobody is known by what it shows
 * or comes from, the auth server lacks the right, or it is about something of another's.
 */
export type CallerRefusalReason = 'malformed' | 'expired' | 'wrong' | 'unknown-certificate' | 'unknown-caller' | 'no-right' | 'not-theirs';

/**
 * Why an administrative act was refused: there is no token or a bad one, a browser did not send what guards against forged requests, policies do not give the
 * right, or the user has as many push tokens as they allow; it would leave no administrator (`last-account`), or is done elsewhere or nowhere (`not-here`).
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

/** What administrators do to a push token. */
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

/** What administrators do to their accounts. */
export type AccountAct = 'make' | 'set-password' | 'enable' | 'disable' | 'remove';

/** What came of one step of a delivery plan. `ms` is how long it took; `reason` is empty where all was well. */
export type DeliveryAttempt = { provider: string; outcome: OutcomeKind | 'skipped'; reason: string; ms: number };

/** Why a phone rings no more for a while. */
export const muteReasons = ['unanswered', 'not-me', 'bare-decline'] as const;
/** One of them. */
export type MuteReason = (typeof muteReasons)[number];

/** A login, from its first leg to its end. `transaction` is ours; `serials` are the push tokens whose phones were asked. */
type LoginEvent =
  | ({ kind: 'login-started'; origin: Origin; transaction: string; serials: string[] } & Whom)
  /** An identical request waits for the phone that was asked already, and is let in by the same yes. */
  | ({ kind: 'login-joined'; origin: Origin; transaction: string; serials: string[] } & Whom)
  | ({ kind: 'login-refused'; origin: Origin; reason: LoginRefusalReason; serials: string[]; transaction?: string | undefined } & Whom)
  /** Let in without a phone by a policy: `rule`; `via` names the place that checked the password. */
  | ({ kind: 'login-passed-on'; origin: Origin; rule: string; via?: string | undefined } & Whom)
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
    } & Whom)
  /** Its user says that this login is somebody else's; `disabled`: the push token is, too. */
  | ({ kind: 'login-reported'; authServer: string; transaction: string; serial: string; because: MuteReason; disabled: boolean } & Whom)
  /** A no without a reason, from an app that may know none. */
  | ({ kind: 'bare-decline'; authServer: string; transaction: string; serial: string } & Whom)
  /** One phone had more to answer than policies let it: this challenge made room for another. */
  | ({ kind: 'challenge-displaced'; authServer: string; transaction: string; serial: string } & Whom)
  /** The phone rang too often without a yes, or its user reported a login: for `forMs` it rings no more. */
  | ({ kind: 'phone-muted'; serial: string; because: MuteReason; forMs: number } & Whom)
  /** Too many wrong PINs: for `forMs` logins of this user through this auth server, from where they came from, do not ring, and tell nobody whether the PIN was right. */
  | ({ kind: 'logins-quiet'; authServer: string; serials: string[]; forMs: number } & Whom)
  /** A login waits for a phone that does not ring, since it rang too often without a yes or is quiet. */
  | ({ kind: 'push-withheld'; transaction: string; serial: string } & Whom)
  /** The auth server took the login: the user is in. */
  | ({ kind: 'login-finished'; authServer: string; transaction: string; serials: string[] } & Whom);

/** Push tokens: what phones and administrators do to them. */
type TokenEvent =
  | ({ kind: 'phone-enrolled'; serial: string; client: string } & Whom)
  | ({ kind: 'address-told'; serial: string; addressKind: string; client: string } & Whom)
  | { kind: 'address-dead'; serial: string; addressKinds: string[] }
  | ({ kind: 'token-administered'; act: TokenAct; serial: string; by: Actor } & Whom);

/** What administrators do to challenges. */
type ChallengeEvent =
  | ({ kind: 'challenge-cancelled'; transaction: string; serials: string[]; by: Actor } & Whom)
  /** What was over went before its time: `count` transactions. */
  | { kind: 'expired-deleted'; count: number; by: Actor };

/** Administrators, and sources that fail too often. */
type AccessEvent =
  | { kind: 'administrator-logged-in' | 'administrator-refused'; administrator: string; client: string }
  | { kind: 'administrator-logged-out'; by: Actor }
  /** `origin.authServer`: the one that was recognised, empty where none was. */
  | { kind: 'caller-refused'; reason: CallerRefusalReason; origin: Origin }
  /** `act`: the right that it needs, or what was to be done. `by.administrator` is empty where nobody is known. */
  | { kind: 'administration-refused'; reason: ActRefusalReason; act: string; by: Actor }
  | { kind: 'account-administered'; act: AccountAct; account: string; by: Actor }
  /** From now on this source is turned away for `forMs`. It is an address, perhaps with a serial behind it; with `user`, at that user alone. */
  | ({ kind: 'source-limited'; scope: string; source: string; forMs: number } & Partial<Whom>);

type ShownCertificate = { subject: string; issuer: string; validFrom: string; validTo: string };

/** The gateway itself and what it needs. */
type SystemEvent =
  | { kind: 'gateway-started'; version: string; listeners: string[] }
  | { kind: 'gateway-stopped'; version: string }
  /** `restart` names the parts that count from the next start on; `part` the only one that was read anew, where not all were. */
  | { kind: 'configuration-reloaded'; part?: string | undefined; restart: string[] }
  | { kind: 'configuration-refused'; problems: string[] }
  /** It could not be opened at the start and takes no push; all others work. */
  | { kind: 'provider-out-of-use'; provider: string; problems: string[] }
  | { kind: 'breaker-opened' | 'breaker-closed'; provider: string }
  /** An administrator had it opened anew, with its breaker closed. */
  | { kind: 'provider-reset'; provider: string; by: Actor }
  /** It ends within 30 days; `daysLeft` is below 0 where it has ended. Told once a day. `what` is the subject of a certificate, or what the key is for. */
  | { kind: 'credential-ending'; holder: string; type: 'certificate' | 'key'; what: string; ends: string; daysLeft: number }
  | { kind: 'store-lost' | 'store-back' }
  /** A gateway went without a word: of what happened in its last second, what was written with no act may be missing. Epoch ms. */
  | { kind: 'audit-gap'; writer: string; from: number; to: number }
  /** So many events found no room while the store was away, or could not be written. */
  | { kind: 'audit-lost'; count: number }
  /** A note beside an act that no gateway of this keyring wrote: what it tells is not believed. */
  | { kind: 'audit-note-refused'; note: string }
  /** The time to keep these kinds is over: the content of `count` entries from before `before` (epoch ms) goes. Told first, so that nothing goes untold. */
  | { kind: 'audit-expired'; kinds: string[]; before: number; count: number }
  /** The clear text of a person goes, and the keys with these ids that it was hashed with. Told first, likewise. */
  | { kind: 'audit-erased'; persons: string[]; by: Actor }
  /** Requests are refused, since there is more to do than can be done in time; told of the first one. `authServer` is empty where it is not known. */
  | { kind: 'overload-began'; authServer: string; reason: ShedReason }
  /** None was refused for ten seconds; `refused`: how many were. */
  | { kind: 'overload-ended'; refused: number }
  /** Told once a minute for each reason, with the first client that it befell. */
  | { kind: 'connections-refused'; listener: string; client: string; reason: ConnectionRefusalReason }
  /** `reason` is the code of Node or OpenSSL, `problem` what it means; `certificate`: what the client showed, where it is still known. */
  | {
      kind: 'tls-refused';
      listener: string;
      client: string;
      reason: string;
      problem: TlsRefusalReason;
      certificate?: ShownCertificate | undefined;
    };

/**
 * Something that happened and that somebody will ask about: every decision, and every administrative act. It holds no secret: no PIN, key, device address,
 * nonce or credential. Consumers (log, metrics, audit) get it with the moment at which it was told.
 */
export type GatewayEvent = LoginEvent | TokenEvent | ChallengeEvent | AccessEvent | SystemEvent;

/**
 * Tells an event to all who listen. Never throws, and nobody waits for it. `kept`: it stands in the store already, written with the act itself, and the audit
 * gets it from there.
 */
export type Tell = (event: GatewayEvent, kept?: 'kept') => void;
