import type { z } from 'zod';
import type { Clock, SourceFailure, Tell } from '../../foundation/model/index.ts';
import type { Log } from '../../foundation/telemetry/index.ts';

/** A user as a source knows them. Texts that the source does not have are empty; `resolver` is the name of the source. */
export type UserRecord = {
  /** The login name as the source writes it, which may differ in case from what was typed. */
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

/** What questions to another machine are asked within. */
export type Aside = <T>(work: () => Promise<T>) => Promise<T>;

/** Why an account opens nothing at its source. */
export type Barred = 'disabled' | 'expired' | 'locked';

/**
 * What became of a question for a user. `barred` (the account is there, and may open nothing), `ambiguous` (several entries answer to that name) and
 * `unavailable` (nobody could be asked, or the answer cannot be used) are neither: whoever lets unknown users pass must not let these pass. `detail` is for
 * operators.
 */
export type Lookup =
  | { kind: 'found'; user: UserRecord }
  | { kind: 'unknown' }
  | { kind: 'barred'; why: Barred }
  | { kind: 'ambiguous' }
  | { kind: 'unavailable'; detail: string };

/** Whether a password is that of a user. A user that is not there, or not once only, has no right one. */
export type PasswordVerdict = 'right' | 'wrong' | 'unavailable';

/** Whether a source can be asked; `problem` says what to do about it. `isPartial`: one of several servers can not, and the detail says which. */
export type SourceCheck = { ok: true; detail: string; isPartial?: boolean } | { ok: false; problem: string };

/** Where users come from. It never throws for what a far side or a file can do, and never logs a password. */
export type UserSource = {
  find(user: string): Promise<Lookup>;
  /** The empty password is always wrong. A user that is not there takes about as long as a wrong password. */
  checkPassword(user: string, password: string): Promise<PasswordVerdict>;
  /** Asks anew for a user, and looks anew at a password, at the next question, where it remembers what it was told. */
  forget?(user: string): void;
  /** Asks for nobody; for `doctor` and readiness. */
  check(signal: AbortSignal): Promise<SourceCheck>;
  /** Lets connections go. May be called twice. */
  close(): Promise<void>;
};

/**
 * What a source gets from the gateway. `path` makes a path of the config file absolute; `authorities` reads a file of trusted authorities, which is
 * watched from then on. A source that watches a file of its own tells when it was read anew. `failed` is told of each server or file that cannot be used.
 */
export type SourceHost = {
  name: string;
  path: (file: string) => string;
  authorities: (file: string) => string;
  clock: Clock;
  log: Log;
  tell: Tell;
  failed: (reason: SourceFailure) => void;
};

/** A kind of source. */
export type SourceDefinition<Config extends z.ZodType = z.ZodType> = {
  kind: string;
  /** Strict schema of the `config` of one source. */
  config: Config;
  /** Connects nothing. Throws `config-invalid` with one sentence when a file that the config names cannot be used. */
  open(config: z.output<Config>, host: SourceHost): UserSource;
};

/** Gives a definition its types. */
export const defineSource = <Config extends z.ZodType>(definition: SourceDefinition<Config>): SourceDefinition<Config> => definition;
