import { createHash, randomBytes } from 'node:crypto';
import type { Passwords } from '../../foundation/keyring/index.ts';
import type { AccountAct, Actor, AdminAccount, AuditNote, Clock } from '../../foundation/model/index.ts';
import type { Store } from '../../store/store.ts';
import { type ActParts, actOf } from '../audit/index.ts';

/** The form of an account name, restricted because tokens contain it and old clients decode them with plain base64. */
export const accountName = /^[A-Za-z0-9._@-]{1,64}$/;

/** The same in words, after `An account name has`. */
export const accountNameForm = '1 to 64 letters, digits, dots, underscores, dashes and @';

const [minPasswordLength, maxPasswordLength] = [8, 256];

/** Why a text cannot be the password of an account, in one sentence; undefined if it can. */
export function passwordProblem(password: string): string | undefined {
  const fits = password.length >= minPasswordLength && password.length <= maxPasswordLength;
  return fits ? undefined : `A password has ${minPasswordLength} to ${maxPasswordLength} characters.`;
}

/** An account without its password hash. */
export type AccountStatus = { name: string; enabled: boolean; createdAt: number };

/** The result of a change; `last-account`: refused, because no one could log in any more. */
export type AccountChanged = 'done' | 'unknown-account' | 'last-account';

/** The message for an account that must stay. */
export const lastAccountText = (name: string): string => `${name} is the last enabled account; enable or make another one first.`;

/**
 * The administrators of the gateway. Every change is recorded with its administrator, by an event written in the same
 * update.
 */
export type Accounts = {
  list(): Promise<AccountStatus[]>;
  /**
   * Whether an enabled administrator of this name has this password. Unknown names and disabled accounts take as long
   * as wrong passwords.
   */
  check(name: string, password: string): Promise<boolean>;
  /**
   * The seal that tokens of this account must contain; it changes with every new password and when the account is
   * disabled. Undefined for an unknown or disabled account. A change by another gateway is seen within a second.
   */
  sealOf(name: string): Promise<string | undefined>;
  /**
   * Makes the first administrator. Returns the password, which is stored nowhere; undefined if the name exists, which
   * keeps its password.
   */
  addFirst(name: string): Promise<string | undefined>;
  /**
   * Makes an administrator or replaces the password, by default with a generated one, which is returned and stored
   * nowhere. A disabled account stays disabled.
   */
  set(by: Actor, name: string, password?: string): Promise<{ password: string; made: boolean; enabled: boolean }>;
  enable(by: Actor, name: string): Promise<Exclude<AccountChanged, 'last-account'>>;
  /** The last enabled account stays enabled, even with concurrent changes. */
  disable(by: Actor, name: string): Promise<AccountChanged>;
  /** The last enabled account is not removed, even with concurrent changes. */
  remove(by: Actor, name: string): Promise<AccountChanged>;
};

type AccountParts = ActParts & { store: Store; passwords: Passwords };

/** Opens the accounts in this store. */
export function openAccounts(parts: AccountParts): Accounts {
  const { store, passwords, clock } = parts;
  const find = async (name: string): Promise<AdminAccount | undefined> => (accountName.test(name) ? store.findAccount(name) : undefined);
  const seals = openSeals(find, clock);
  return {
    list: async () => (await store.listAccounts()).map(({ name, disabled, createdAt }) => ({ name, enabled: !disabled, createdAt })),
    async check(name, password) {
      const account = await find(name);
      if (account && !account.disabled) {
        const isRight = await passwords.matches(password, account.passwordHash);
        if (isRight) await renewHash(parts, account, password);
        // The next token needs the seal of this password, not a cached one.
        seals.forget(name);
        return isRight;
      }
      await passwords.spend(password);
      return false;
    },
    sealOf: seals.of,
    async addFirst(name) {
      const password = newPassword();
      const added = await store.addAccount({ name, passwordHash: await passwords.hash(password), createdAt: clock(), seal: newSeal() });
      return added === 'added' ? password : undefined;
    },
    ...accountActs(parts, find, seals.forget),
  };
}

/** Replaces an outdated hash by a new one, unless the password was changed meanwhile. */
async function renewHash({ store, passwords }: AccountParts, account: AdminAccount, password: string): Promise<void> {
  const { name, passwordHash: insteadOf } = account;
  const passwordHash = await passwords.renewed(password, insteadOf);
  if (passwordHash !== undefined) await store.changeAccount(name, { passwordHash, insteadOf });
}

type AccountActs = Pick<Accounts, 'set' | 'enable' | 'disable' | 'remove'>;
type Find = (name: string) => Promise<AdminAccount | undefined>;

/** Acts of administrators on accounts. `forget` drops the cached seal of a changed account. */
function accountActs(parts: AccountParts, find: Find, forget: (name: string) => void): AccountActs {
  const { store, passwords, clock } = parts;
  const isOneEnabled = async (except?: string): Promise<boolean> =>
    (await store.listAccounts()).some(({ name, disabled }) => !disabled && name !== except);
  /**
   * Checks before the change, so that it is seldom undone, and after it, because another gateway may change an account
   * at the same time.
   */
  const takeAway = async (by: Actor, name: string, { change, undo }: Change): Promise<AccountChanged> => {
    const account = await find(name);
    if (!account) return 'unknown-account';
    if (!account.disabled && !(await isOneEnabled(name))) return 'last-account';
    await recorded(parts, by, [change.act, name], change.write);
    forget(name);
    if (await isOneEnabled()) return 'done';
    await recorded(parts, by, [undo.act, name], (note) => undo.write(account, note));
    return 'last-account';
  };
  return {
    async set(by, name, password = newPassword()) {
      const passwordHash = await passwords.hash(password);
      const change = (): Promise<boolean> =>
        recorded(parts, by, ['set-password', name], (note) => store.changeAccount(name, { passwordHash, seal: newSeal() }, note));
      const add = (): Promise<'added' | 'taken'> =>
        recorded(parts, by, ['make', name], (note) => store.addAccount({ name, passwordHash, createdAt: clock(), seal: newSeal() }, note));
      const isChanged = await change();
      const made = !isChanged && (await add()) === 'added';
      // Another gateway may have added it between the two writes.
      if (!isChanged && !made) await change();
      forget(name);
      return { password, made, enabled: !(await find(name))?.disabled };
    },
    async enable(by, name) {
      const isDone =
        accountName.test(name) &&
        (await recorded(parts, by, ['enable', name], (note) => store.changeAccount(name, { disabled: false }, note)));
      return isDone ? 'done' : 'unknown-account';
    },
    disable: (by, name) =>
      takeAway(by, name, {
        change: { act: 'disable', write: (note) => store.changeAccount(name, { disabled: true, seal: newSeal() }, note) },
        undo: { act: 'enable', write: ({ disabled = false }, note) => store.changeAccount(name, { disabled }, note) },
      }),
    remove: (by, name) =>
      takeAway(by, name, {
        change: { act: 'remove', write: (note) => store.removeAccount(name, note) },
        undo: { act: 'make', write: (account, note) => store.putAccount(account, note) },
      }),
  };
}

/** Writes a change with its note, and emits its event if something was written. */
async function recorded<T>(
  parts: ActParts,
  by: Actor,
  [act, account]: [AccountAct, string],
  write: (note: AuditNote | undefined) => Promise<T>,
): Promise<T> {
  const acting = actOf<string>(parts, (name) => ({ kind: 'account-administered', act, account: name, by }));
  const noted = acting.noteFor(account);
  const written = await write(noted?.note);
  if (noted && written !== false && written !== 'taken') acting.done(noted);
  return written;
}

type Change = {
  change: { act: AccountAct; write: (note: AuditNote | undefined) => Promise<boolean> };
  undo: { act: AccountAct; write: (account: AdminAccount, note: AuditNote | undefined) => Promise<unknown> };
};

const newPassword = (): string => randomBytes(12).toString('base64url');
const newSeal = (): string => randomBytes(12).toString('base64url');

const cachedMs = 1000;

/** Seals of accounts, cached for a second, because every trigger needs one. */
function openSeals(find: (name: string) => Promise<AdminAccount | undefined>, clock: Clock) {
  const known = new Map<string, { seal: string; at: number }>();
  return {
    async of(name: string): Promise<string | undefined> {
      const now = clock();
      const cached = known.get(name);
      // With the absolute value, a clock that was set back does not keep an old seal valid.
      if (cached && Math.abs(now - cached.at) < cachedMs) return cached.seal;
      known.delete(name);
      const account = await find(name);
      if (!account || account.disabled) return undefined;
      const seal = sealOf(account);
      known.set(name, { seal, at: now });
      return seal;
    },
    forget: (name: string): void => void known.delete(name),
  };
}

/**
 * Accounts of older versions have no seal, so it is derived from the hash. The hash contains a salt and a secret
 * pepper, so this reveals nothing of the password.
 */
const sealOf = ({ seal, passwordHash }: AdminAccount): string =>
  seal ?? createHash('sha256').update(`token ${passwordHash}`).digest('base64url').slice(0, 16);
