/** Whom a token names: an administrator, or an auth server that only logs users in (`validate`). `authServer`: the one it belongs to. */
export type Holder = {
  role: 'admin' | 'validate';
  name: string;
  realm: string;
  rights: readonly string[];
  authServer?: string | undefined;
};

/** Why a token is refused; `detail` says what is wrong with its form and holds nothing of it. */
export type TokenRefusal = { kind: 'malformed'; detail: string } | { kind: 'expired' } | { kind: 'wrong-role' };
