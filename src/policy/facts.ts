/**
 * What is known of a request. `now` is epoch ms; what is absent matches no list. `headers` have lower-case names, `params` are what the request
 * asked with, `adminRealm` is there when `user` is an administrator: the realm of that one, empty for an account of this gateway, while `realm` is that of the push
 * token. `anyRealm` asks whether a rule would match for some `realm`. `clientIs` says whether a phone accepted a login of the user from this client
 * lately; only logins are asked for it. `ignoreCase` says that names of the realm's users ignore case, `action` is its path, `mount` the path of the mount it came to and `flavour` whose words that has, `token` its fields as text, `tokenInfo` what is noted about it, `userinfo` what a source tells of the user.
 */
export type Facts = {
  now: number;
  realm?: string | undefined;
  adminRealm?: string | undefined;
  anyRealm?: boolean | undefined;
  resolver?: string | undefined;
  user?: string | undefined;
  ignoreCase?: boolean | undefined;
  client?: string | undefined;
  clientIs?: 'known' | 'new' | undefined;
  authServer?: string | undefined;
  dialect?: string | undefined;
  mount?: string | undefined;
  flavour?: string | undefined;
  tokenType?: string | undefined;
  userAgent?: string | undefined;
  action?: string | undefined;
  headers?: Readonly<Record<string, string>> | undefined;
  userinfo?: Readonly<Record<string, string>> | undefined;
  params?: Readonly<Record<string, string>> | undefined;
  token?: Readonly<Record<string, string | undefined>> | undefined;
  tokenInfo?: Readonly<Record<string, string>> | undefined;
};
