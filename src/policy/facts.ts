/** What is known about a request. A missing fact matches no list. */
export type Facts = {
  /** Epoch ms. */
  now: number;
  /** Realm of the user; when `user` is an administrator, the realm of the push token. */
  realm?: string | undefined;
  /** Set when `user` is an administrator: the administrator's realm, empty for an account of this gateway. */
  adminRealm?: string | undefined;
  /** Asks whether a rule would match for at least one `realm`. */
  anyRealm?: boolean | undefined;
  resolver?: string | undefined;
  user?: string | undefined;
  /** Names of this realm's users are case-insensitive. */
  ignoreCase?: boolean | undefined;
  client?: string | undefined;
  /** Whether a phone recently accepted a login of this user from this client; set for logins only. */
  clientIs?: 'known' | 'new' | undefined;
  authServer?: string | undefined;
  dialect?: string | undefined;
  /** Path of the mount that received the request. */
  mount?: string | undefined;
  /** Flavour of that mount. */
  flavour?: string | undefined;
  tokenType?: string | undefined;
  userAgent?: string | undefined;
  /** Path of the request. */
  action?: string | undefined;
  /** By lower-case name. */
  headers?: Readonly<Record<string, string>> | undefined;
  /** What the user source says about the user. */
  userinfo?: Readonly<Record<string, string>> | undefined;
  /** Parameters of the request. */
  params?: Readonly<Record<string, string>> | undefined;
  /** Fields of the push token as text. */
  token?: Readonly<Record<string, string | undefined>> | undefined;
  /** The token's tokeninfo. */
  tokenInfo?: Readonly<Record<string, string>> | undefined;
};
