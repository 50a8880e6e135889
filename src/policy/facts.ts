/**
 * What is known of a request. `now` is epoch ms; what is absent matches no list. `headers` have lower-case names, `params` are what the request
 * asked with, `ignoreCase` says that names of the realm's users ignore case, `action` is its path, `mount` the path of the mount it came to and `flavour` whose words that has, `token` its fields as text, `tokenInfo` what is noted about it, `userinfo` what a source tells of the user.
 */
export type Facts = {
  now: number;
  realm?: string;
  resolver?: string;
  user?: string;
  ignoreCase?: boolean;
  client?: string;
  authServer?: string;
  dialect?: string;
  mount?: string;
  flavour?: string;
  tokenType?: string;
  userAgent?: string;
  action?: string;
  headers?: Readonly<Record<string, string>>;
  userinfo?: Readonly<Record<string, string>>;
  params?: Readonly<Record<string, string>>;
  token?: Readonly<Record<string, string>>;
  tokenInfo?: Readonly<Record<string, string>>;
};
