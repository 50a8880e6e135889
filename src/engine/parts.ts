import type { Registry } from '../delivery/registry/index.ts';
import type { Keyring, KeyStock, Passwords } from '../foundation/keyring/index.ts';
import type { Clock, Origin, PushToken, Tell } from '../foundation/model/index.ts';
import type { Log, Metrics } from '../foundation/telemetry/index.ts';
import type { Policy } from '../policy/index.ts';
import type { Store } from '../store/store.ts';
import type { Audit, KeepDays } from './audit/index.ts';
import type { Background } from './background.ts';
import type { KeyMutex } from './key-mutex.ts';
import type { GuessLimits, Lockout, LoginQueue, PinFailures, SourceLimits } from './limits/index.ts';
import type { Outbox } from './outbox/index.ts';
import type { Publisher } from './outbox/publisher.ts';
import type { PhoneProtocol } from './phones/phone-protocol.ts';
import type { ServerKeys } from './phones/server-keys.ts';
import type { SharedKeys } from './phones/shared-keys.ts';
import type { Directory, RadiusServers, Realms } from './users/index.ts';

/**
 * Installation-wide values that no policy sets. In the configuration file they have the names of the server that they
 * come from.
 */
export type EngineSettings = {
  challengeValidityMs: number;
  /** The same for token types with a validity of their own. */
  validityMsByType: Readonly<Record<string, number>>;
  maxFailCount: number;
  /** How failures count. */
  lockout: Lockout;
  /** Whether a wrong PIN raises the fail count. */
  countWrongPins: boolean;
  /**
   * How long after the last allowed failure of a push token its failures are cleared; 0: never. Only when failures
   * count per push token.
   */
  clearFailuresMs: number;
  deliveryDeadlineMs: number;
  /** How long audit entries keep their content. */
  auditKeep: KeepDays;
  /** How long a phone that lost the reply may repeat its rollout. */
  rolloutRepeatMs: number;
};

/** The parts that the engine works with. */
export type EngineParts = {
  store: Store;
  policy: Policy;
  registry: Registry;
  keyring: Keyring;
  keyStock: KeyStock;
  passwords: Passwords;
  serverKeys: ServerKeys;
  sharedKeys: SharedKeys;
  limits: SourceLimits;
  loginQueue: LoginQueue;
  guesses: GuessLimits;
  pinFailures: PinFailures;
  realms: Realms;
  directory: Directory;
  radius: RadiusServers;
  background: Background;
  outbox: Outbox;
  publisher: Publisher;
  mutex: KeyMutex;
  /** Phone protocols by name. */
  phones: Readonly<Record<string, PhoneProtocol>>;
  settings: EngineSettings;
  clock: Clock;
  log: Log;
  metrics: Metrics;
  /** Sends an event to log, metrics, audit and other listeners. */
  tell: Tell;
  audit: Audit;
};

/** The caller of a request, as policies see it. */
export type Asker = {
  authServer: string;
  /** Realms whose users this auth server may name; absent: all. */
  realms?: readonly string[] | undefined;
  dialect: string;
  /** The path of the called mount, and its flavour if the dialect has several. */
  mount?: string;
  flavour?: string;
  /** The IP address of the client. */
  client: string;
  /** The client address, if the auth server named one other than its own. */
  toldClient?: string | undefined;
  /** Whether that client is known for the user who logs in; only if a rule asks. */
  clientIs?: 'known' | 'new' | undefined;
  /** The id of the request, for events. */
  requestId?: string | undefined;
  userAgent: string;
  /** The called path. */
  action?: string;
  /** Headers of the request by lower-case name. */
  headers?: Readonly<Record<string, string>>;
  /** The user's source, if it was asked. */
  resolver?: string;
  /** The user's data from that source. */
  userinfo?: Readonly<Record<string, string>>;
  /** Parameters of the request, without secrets. */
  params?: Readonly<Record<string, string>>;
};

/**
 * A user who wants to log in, and the asker. Both names are empty for a push token without an owner, and for a relayed
 * push.
 */
export type Applicant = { asker: Asker; user: string; realm: string };

/** The owner's names of a push token; both empty without an owner. */
export const ownerNames = ({ owner }: Pick<PushToken, 'owner'>): { user: string; realm: string } => ({
  user: owner?.user ?? '',
  realm: owner?.realm ?? '',
});

/** The origin of a request, for events. */
export const originOf = ({ authServer, dialect, client, requestId }: Asker): Origin => ({ authServer, dialect, client, requestId });
