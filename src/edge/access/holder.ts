/**
 * Whom a token names: an administrator, or an auth server that only logs users in (`validate`). `authServer`: the one it belongs to. `account`: there when it
 * belongs to an account of this gateway, with what that account had as its seal when the token was made. `until`: when it ends by itself (epoch ms).
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

/** Why a token is refused; `detail` says what is wrong with its form and holds nothing of it. */
export type TokenRefusal = { kind: 'malformed'; detail: string } | { kind: 'expired' } | { kind: 'wrong-role' };
