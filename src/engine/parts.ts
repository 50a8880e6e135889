import type { Registry } from '../delivery/registry/index.ts';
import type { Keyring, KeyStock, Passwords } from '../foundation/keyring/index.ts';
import type { Clock, Origin, PushToken, Tell } from '../foundation/model/index.ts';
import type { Log, Metrics } from '../foundation/telemetry/index.ts';
import type { Policy } from '../policy/index.ts';
import type { Store } from '../store/store.ts';
import type { Audit, KeepDays } from './audit/index.ts';
import type { Background } from './background.ts';
import type { Turns } from './key-mutex.ts';
import type { GuessLimits, Lockout, LoginQueue, PinFailures, SourceLimits } from './limits/index.ts';
import type { PhoneProtocol } from './phones/phone-protocol.ts';
import type { ServerKeys } from './phones/server-keys.ts';
import type { SharedKeys } from './phones/shared-keys.ts';
import type { Directory, RadiusServers, Realms } from './users/index.ts';

/** Installation-wide values that no policy sets; their names in the config file are those of the server they come from. */
export type EngineSettings = {
  challengeValidityMs: number;
  /** The same for types of token that have a validity of their own. */
  validityMsByType: Readonly<Record<string, number>>;
  maxFailCount: number;
  /** How failures count. */
  lockout: Lockout;
  /** Whether a wrong PIN raises the fail count. */
  countWrongPins: boolean;
  /** How long after a push token failed too often its failures end by themselves; 0: never. Only where failures count per push token. */
  clearFailuresMs: number;
  deliveryDeadlineMs: number;
  /** How long entries of the audit keep what they say. */
  auditKeep: KeepDays;
  /** How long a phone that lost the reply may repeat its rollout. */
  rolloutRepeatMs: number;
};

/** All that the engine works with: handed in by `gateway.ts`, replaced by tests. */
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
  turns: Turns;
  /** Phone protocols by name. */
  phones: Readonly<Record<string, PhoneProtocol>>;
  settings: EngineSettings;
  clock: Clock;
  log: Log;
  metrics: Metrics;
  /** Tells an event to log, metrics, audit and all others who listen. */
  tell: Tell;
  audit: Audit;
};

/**
 * Who asked for something, and on whose behalf it came: what policies look at. `client` is the IP address that counts for them; `resolver` and
 * `userinfo` are what a source knows of the user, where it was asked.
 */
export type Asker = {
  authServer: string;
  /** Realms whose users this auth server may ask for; all when absent. */
  realms?: readonly string[] | undefined;
  dialect: string;
  /** The path of the mount that was called, and whose words it has, where its dialect has several. */
  mount?: string;
  flavour?: string;
  client: string;
  /** That address, where the auth server told it: it is another one than its own. */
  toldClient?: string | undefined;
  /** Whether that client is a known one of the user who logs in; where a rule asks. */
  clientIs?: 'known' | 'new' | undefined;
  /** The id of the request, for events. */
  requestId?: string | undefined;
  userAgent: string;
  /** The path that was called. */
  action?: string;
  /** Headers of the request by their lower-case names. */
  headers?: Readonly<Record<string, string>>;
  resolver?: string;
  userinfo?: Readonly<Record<string, string>>;
  /** Parameters of the request, without secrets. */
  params?: Readonly<Record<string, string>>;
};

/** A user who wants to log in, and the asker that passes it on. Both names are empty for a push token without an owner, and for a relayed push. */
export type Applicant = { asker: Asker; user: string; realm: string };

/** Whose push token it is, by name; both empty where it has no owner. */
export const whomOf = ({ owner }: Pick<PushToken, 'owner'>): { user: string; realm: string } => ({
  user: owner?.user ?? '',
  realm: owner?.realm ?? '',
});

/** Through whom something came, for events. */
export const originOf = ({ authServer, dialect, client, requestId }: Asker): Origin => ({ authServer, dialect, client, requestId });
