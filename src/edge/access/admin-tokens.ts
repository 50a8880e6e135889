import { randomHex } from '../../foundation/crypto/index.ts';
import { ok, type Result, refused } from '../../foundation/model/index.ts';
import type { TokenRefusal } from './holder.ts';
import type { Tokens } from './tokens.ts';

/** An administrator as a token names it; one of another's token has a realm, and the auth server it acts for. */
export type Admin = { name: string; rights: readonly string[]; realm?: string | undefined; authServer?: string | undefined };

/** Tokens of administrators. */
export type AdminTokens = {
  issue(admin: Admin): Promise<string>;
  read(token: string): Promise<Result<Admin, TokenRefusal>>;
};

/**
 * Opens the tokens of administrators.
 * @param lifeMs how long a token is good for
 * @see docs/protocols/privacyidea.md 9
 */
export function openAdminTokens(tokens: Tokens, lifeMs: number): AdminTokens {
  return {
    issue: ({ name, rights }) =>
      tokens.sign({ username: name, realm: '', nonce: randomHex(20), role: 'admin', authtype: 'password', rights: [...rights] }, lifeMs),
    async read(token) {
      const holder = await tokens.read(token);
      if (!holder.ok) return holder;
      const { role, name, rights, realm, authServer } = holder.value;
      if (role !== 'admin') return refused({ kind: 'wrong-role' });
      return ok({ name, rights, realm: realm || undefined, authServer });
    },
  };
}

/** A token for an auth server, as privacyIDEA's API keys are: JWT of role `validate`. It speaks for that auth server from any address until it ends. */
export const issueApiToken = (
  tokens: Tokens,
  { name, authServer }: { name: string; authServer: string },
  lifeMs: number,
): Promise<string> =>
  tokens.sign(
    { username: name, realm: '', nonce: randomHex(20), role: 'validate', authtype: 'password', rights: [], auth_server: authServer },
    lifeMs,
  );
