import type { z } from 'zod';
import type { Clock, SourceFailure, Tell } from '../../foundation/model/index.ts';
import type { Log } from '../../foundation/telemetry/index.ts';

/**
 * A user as a source knows them. Texts that the source does not have are empty; `resolver` is the name of the source.
 */
export type UserRecord = {
  /** The login name as the source writes it, which may differ in case from the typed one. */
  username: string;
  userid: string;
  givenname: string;
  surname: string;
  email: string;
  phone: string;
  mobile: string;
  groups: readonly string[];
  resolver: string;
};

/** Wraps questions to another machine. */
export type WithoutSlot = <T>(work: () => Promise<T>) => Promise<T>;

/** Why an account is barred at its source. */
export type Barred = 'disabled' | 'expired' | 'locked';

/**
 * The result of looking a user up. `barred` (the account exists but may not log in), `ambiguous` (several entries match
 * the name) and `unavailable` (no answer, or an unusable one) do not mean unknown: rules that let unknown users in must
 * not apply to them. `detail` is for operators.
 */
export type Lookup =
  | { kind: 'found'; user: UserRecord }
  | { kind: 'unknown' }
  | { kind: 'barred'; why: Barred }
  | { kind: 'ambiguous' }
  | { kind: 'unavailable'; detail: string };

/** The result of a password check. An unknown or ambiguous user has no right password. */
export type PasswordVerdict = 'right' | 'wrong' | 'unavailable';

/**
 * Whether a source answers; `problem` says what to do about it. `isPartial`: one of several servers does not, and the
 * detail says which.
 */
export type SourceCheck = { ok: true; detail: string; isPartial?: boolean } | { ok: false; problem: string };

/** A source of users. It never throws for errors of a remote side or a file, and never logs a password. */
export type UserSource = {
  find(user: string): Promise<Lookup>;
  /** The empty password is always wrong. An unknown user takes about as long as a wrong password. */
  checkPassword(user: string, password: string): Promise<PasswordVerdict>;
  /** Drops what is cached of a user and password. */
  forget?(user: string): void;
  /** Checks the source without looking up a user; for `doctor` and readiness. */
  check(signal: AbortSignal): Promise<SourceCheck>;
  /** Closes all connections. May be called twice. */
  close(): Promise<void>;
};

/** What the gateway gives to a source.
 */
export type SourceHost = {
  name: string;
  /** Makes a path of the configuration file absolute. */
  path: (file: string) => string;
  /** Reads a file of trusted authorities, which is watched from then on. */
  authorities: (file: string) => string;
  clock: Clock;
  log: Log;
  /** Reports reloads of a file that the source itself watches. */
  tell: Tell;
  /** Counts a server or file that cannot be used. */
  failed: (reason: SourceFailure) => void;
};

/** A kind of source. */
export type SourceDefinition<Config extends z.ZodType = z.ZodType> = {
  kind: string;
  /** Strict schema of a source's `config`. */
  config: Config;
  /** Connects nothing. Throws `config-invalid` with one sentence when a file that the config names cannot be used. */
  open(config: z.output<Config>, host: SourceHost): UserSource;
};

/** Infers the types of a definition. */
export const defineSource = <Config extends z.ZodType>(definition: SourceDefinition<Config>): SourceDefinition<Config> => definition;
