import { createHash, randomBytes } from 'node:crypto';
import type { Passwords } from '../../foundation/keyring/index.ts';
import type { AdminAccount, Clock } from '../../foundation/model/index.ts';
import type { Store } from '../../store/store.ts';

/** What an account name may look like: it goes into tokens that old clients decode with plain base64. */
export const accountName = /^[A-Za-z0-9._@-]{1,64}$/;

/** The same for people, after `An account name has`. */
export const accountNameForm = '1 to 64 letters, digits, dots, underscores, dashes and @';

const longestPassword = 256;

/** Why a password cannot be that of an account, in one sentence; undefined when it can. */
export function passwordProblem(password: string): string | undefined {
  if (password === '') return 'An empty password lets everybody in; choose another one.';
  return password.length > longestPassword ? `A password has ${longestPassword} characters at most.` : undefined;
}

/** An account as an operator sees it, without its password hash. */
export type AccountStatus = { name: string; enabled: boolean; createdAt: number };

/** What became of a change: `last-account` is refused, since nobody could log in any more. */
export type AccountChanged = 'done' | 'unknown-account' | 'last-account';

/** What is said of an account that has to stay. */
export const lastAccountText = (name: string): string => `${name} is the last enabled account; enable or make another one first.`;

/** The administrators of the gateway. */
export type Accounts = {
  list(): Promise<AccountStatus[]>;
  /** True when an enabled administrator of this name has this password. An unknown name and a disabled account take as long as a wrong password. */
  check(name: string, password: string): Promise<boolean>;
  /**
   * What a token of this account is held against when it is used: another one after every new password. Undefined when there is no such account, or it
   * is disabled. A change by another gateway is seen within a second.
   */
  sealOf(name: string): Promise<string | undefined>;
  /** Makes the first administrator. Returns the password, which is stored nowhere; undefined when there is one of this name, which keeps its own. */
  addFirst(name: string): Promise<string | undefined>;
  /** Makes an administrator, or gives one this password, else a new one. A disabled account stays disabled. `password` is the new one, which is stored nowhere. */
  set(name: string, password?: string): Promise<{ password: string; made: boolean; enabled: boolean }>;
  enable(name: string): Promise<Exclude<AccountChanged, 'last-account'>>;
  /** The last enabled account stays enabled, whoever else disables or removes one at the same time. */
  disable(name: string): Promise<AccountChanged>;
  /** The last enabled account stays, likewise. */
  remove(name: string): Promise<AccountChanged>;
};

type AccountParts = { store: Store; passwords: Passwords; clock: Clock };

/** Opens the accounts in this store. */
export function openAccounts(parts: AccountParts): Accounts {
  const { store, passwords, clock } = parts;
  const find = async (name: string): Promise<AdminAccount | undefined> => (accountName.test(name) ? store.findAccount(name) : undefined);
  const seals = openSeals(find, clock);
  const isOneEnabled = async (but?: string): Promise<boolean> =>
    (await store.listAccounts()).some(({ name, disabled }) => !disabled && name !== but);
  /** Looks before the change, so that it is seldom undone, and after it, since another gateway may have made one at the same time. */
  const takeAway = async (name: string, { change, undo }: Change): Promise<AccountChanged> => {
    const account = await find(name);
    if (!account) return 'unknown-account';
    if (!account.disabled && !(await isOneEnabled(name))) return 'last-account';
    await change();
    seals.forget(name);
    if (await isOneEnabled()) return 'done';
    await undo(account);
    return 'last-account';
  };
  return {
    list: async () => (await store.listAccounts()).map(({ name, disabled, createdAt }) => ({ name, enabled: !disabled, createdAt })),
    async check(name, password) {
      const account = await find(name);
      if (account && !account.disabled) {
        // The token that follows is made with the seal of this password, not with one that was remembered.
        seals.forget(name);
        return passwords.matches(password, account.passwordHash);
      }
      await passwords.spend(password);
      return false;
    },
    sealOf: seals.of,
    async addFirst(name) {
      const password = newPassword();
      const added = await store.addAccount({ name, passwordHash: await passwords.hash(password), createdAt: clock() });
      return added === 'added' ? password : undefined;
    },
    async set(name, password = newPassword()) {
      const passwordHash = await passwords.hash(password);
      const made =
        !(await store.changeAccount(name, { passwordHash })) &&
        (await store.addAccount({ name, passwordHash, createdAt: clock() })) === 'added';
      // Another gateway may have added it between the two writes.
      if (!made) await store.changeAccount(name, { passwordHash });
      seals.forget(name);
      return { password, made, enabled: !(await find(name))?.disabled };
    },
    enable: async (name) => (accountName.test(name) && (await store.changeAccount(name, { disabled: false })) ? 'done' : 'unknown-account'),
    disable: (name) =>
      takeAway(name, {
        change: () => store.changeAccount(name, { disabled: true }),
        undo: ({ disabled = false }) => store.changeAccount(name, { disabled }),
      }),
    remove: (name) => takeAway(name, { change: () => store.removeAccount(name), undo: (account) => store.putAccount(account) }),
  };
}

type Change = { change: () => Promise<unknown>; undo: (account: AdminAccount) => Promise<unknown> };

const newPassword = (): string => randomBytes(12).toString('base64url');

const rememberedMs = 1000;

/** Seals of accounts: a trigger needs one, so each is read from the store once a second at most. */
function openSeals(find: (name: string) => Promise<AdminAccount | undefined>, clock: Clock) {
  const known = new Map<string, { seal: string; at: number }>();
  return {
    async of(name: string): Promise<string | undefined> {
      const now = clock();
      const remembered = known.get(name);
      // A clock that was put back must not keep an old one alive.
      if (remembered && Math.abs(now - remembered.at) < rememberedMs) return remembered.seal;
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

/** The hash has a salt and a secret pepper in it, so that a few letters of its digest tell nothing of the password. */
const sealOf = ({ passwordHash }: AdminAccount): string =>
  createHash('sha256').update(`token ${passwordHash}`).digest('base64url').slice(0, 16);
