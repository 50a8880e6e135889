/**
 * The holder of a token: an administrator, or an auth server (`validate`). `authServer`: the one it belongs to.
 * `account`: present for an account of this gateway, with the account's seal at the time of issue. `until`: the regular
 * end (epoch ms).
 */
export type Holder = {
  role: 'admin' | 'validate';
  name: string;
  realm: string;
  rights: readonly string[];
  authServer?: string | undefined;
  account?: { seal: string | undefined } | undefined;
  until: number;
};

/** Why a token is refused; `detail` describes the problem without quoting the token. */
export type TokenRefusal = { kind: 'malformed'; detail: string } | { kind: 'expired' } | { kind: 'wrong-role' };
