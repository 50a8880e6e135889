import { randomBytes } from 'node:crypto';
import type { Passwords } from '../../foundation/keyring/index.ts';
import type { Clock } from '../../foundation/model/index.ts';
import type { Store } from '../../store/store.ts';

/** What an account name may look like: it goes into tokens that old clients decode with plain base64. */
export const accountName = /^[A-Za-z0-9._@-]{1,64}$/;

type AccountParts = { store: Store; passwords: Passwords };

/** True when an administrator of this name has this password. An unknown name takes as long as a wrong password. */
export async function checkAccount({ store, passwords }: AccountParts, name: string, password: string): Promise<boolean> {
  const account = accountName.test(name) ? await store.findAccount(name) : undefined;
  if (account) return passwords.matches(password, account.passwordHash);
  await passwords.spend(password);
  return false;
}

/** Makes the first administrator. Returns the password, which is stored nowhere; undefined where one of this name is there, which keeps its own. */
export async function addAccount({ store, passwords, clock }: AccountParts & { clock: Clock }, name: string): Promise<string | undefined> {
  const password = newPassword();
  const added = await store.addAccount({ name, passwordHash: await passwords.hash(password), createdAt: clock() });
  return added === 'added' ? password : undefined;
}

/** Makes an administrator, or gives an old one a new password. Returns the password, which is stored nowhere. */
export async function putAccount({ store, passwords, clock }: AccountParts & { clock: Clock }, name: string): Promise<string> {
  const password = newPassword();
  await store.putAccount({ name, passwordHash: await passwords.hash(password), createdAt: clock() });
  return password;
}

const newPassword = (): string => randomBytes(12).toString('base64url');
