import type { Accounts } from '../../engine/users/index.ts';
import { randomHex } from '../../foundation/crypto/index.ts';
import { type Clock, ok, type Result, refused } from '../../foundation/model/index.ts';
import type { Store } from '../../store/store.ts';
import { openEndedTokens } from './ended-tokens.ts';
import type { Holder, TokenRefusal } from './holder.ts';
import type { Tokens } from './tokens.ts';

/** An administrator named by a token. Tokens of other issuers add a realm and the auth server that they act for. */
export type Admin = { name: string; rights: readonly string[]; realm?: string | undefined; authServer?: string | undefined };

/** Tokens of administrators. */
export type AdminTokens = {
  /** How long a token is good for. */
  readonly lifeMs: number;
  issue(admin: Admin): Promise<string>;
  /** A token is `expired` after its logout, and when its account was removed, disabled or given another password. */
  read(token: string): Promise<Result<Admin, TokenRefusal>>;
  /** Logs out: ends this one token at all gateways. Returns its administrator. */
  end(token: string): Promise<Result<Admin, TokenRefusal>>;
};

type Parts = {
  tokens: Tokens;
  accounts: Pick<Accounts, 'sealOf'>;
  lifeMs: number;
  store: Pick<Store, 'countUp' | 'countOf'>;
  clock: Clock;
};

/** Opens the tokens of administrators; `lifeMs` is their life time. @see docs/protocols/privacyidea.md 9 */
export function openAdminTokens({ tokens, accounts, lifeMs, store, clock }: Parts): AdminTokens {
  const ended = openEndedTokens({ store, clock });
  /** Older versions made tokens without a seal; those no longer count. */
  const isAlive = async ({ account, name }: Holder): Promise<boolean> => {
    if (!account) return true;
    const seal = await accounts.sealOf(name);
    return seal !== undefined && account.seal === seal;
  };
  const holderOf = async (token: string): Promise<Result<Holder, TokenRefusal>> => {
    const holder = await tokens.read(token);
    if (!holder.ok) return holder;
    if (holder.value.role !== 'admin') return refused({ kind: 'wrong-role' });
    return (await ended.isEnded(token)) || !(await isAlive(holder.value)) ? refused({ kind: 'expired' }) : holder;
  };
  return {
    lifeMs,
    async issue({ name, rights }) {
      return tokens.sign({ ...adminClaims(name, 'password'), rights: [...rights], account: await accounts.sealOf(name) }, lifeMs);
    },
    async read(token) {
      const holder = await holderOf(token);
      return holder.ok ? ok(adminOf(holder.value)) : holder;
    },
    async end(token) {
      const holder = await holderOf(token);
      if (!holder.ok) return holder;
      await ended.end(token, holder.value.until);
      return ok(adminOf(holder.value));
    },
  };
}

const adminOf = ({ name, rights, realm, authServer }: Holder): Admin => ({ name, rights, realm: realm || undefined, authServer });

const adminClaims = (username: string, authtype: 'password' | 'keyring') => ({
  username,
  realm: '',
  nonce: randomHex(20),
  role: 'admin',
  authtype,
});

/**
 * A token for an administrator without an account: anyone who can read the keyring may make one.
 * @see docs/decisions/cli-mints-its-own-token.md
 */
export const issueKeyringToken = (tokens: Tokens, name: string, lifeMs: number): Promise<string> =>
  tokens.sign({ ...adminClaims(name, 'keyring'), rights: [] }, lifeMs);

/**
 * A token for an auth server, like privacyIDEA's API keys: a JWT of role `validate`, valid from any address until it
 * ends.
 */
export const issueApiToken = (
  tokens: Tokens,
  { name, authServer }: { name: string; authServer: string },
  lifeMs: number,
): Promise<string> =>
  tokens.sign(
    { username: name, realm: '', nonce: randomHex(20), role: 'validate', authtype: 'password', rights: [], auth_server: authServer },
    lifeMs,
  );
