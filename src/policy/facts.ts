import type { Scope } from './actions.ts';

/**
 * What is known of a request. `now` is epoch ms; what is absent matches no list. `headers` have lower-case names, `token` its fields as text,
 * `userinfo` what a source tells of the user.
 */
export type Facts = {
  now: number;
  scope?: Scope;
  realm?: string;
  resolver?: string;
  user?: string;
  client?: string;
  authServer?: string;
  dialect?: string;
  tokenType?: string;
  userAgent?: string;
  headers?: Readonly<Record<string, string>>;
  userinfo?: Readonly<Record<string, string>>;
  token?: Readonly<Record<string, string>>;
};
