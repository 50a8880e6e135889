/** A problem in the rules; `path` begins with the index of the rule. */
export type PolicyProblem = { path: PropertyKey[]; message: string; level: 'error' | 'warning' };

/**
 * A provider as far as rules need it: the address kinds that it serves, and whether phones see its pushes only by
 * polling.
 */
export type KnownProvider = { name: string; addresses: readonly string[]; needsPolling: boolean };

/** A mount as far as rules need it; only a privacyidea mount has a `flavour`. */
export type KnownMount = { path: string; dialect: string; flavour?: string | undefined };

/** The names that rules may refer to. An auth server without `realms` may use all. */
export type KnownNames = {
  providers: readonly KnownProvider[];
  realms: readonly string[];
  /** Realms of administrators. */
  adminRealms?: readonly string[];
  authServers: readonly { name: string; realms?: readonly string[] | undefined }[];
  mounts: readonly KnownMount[];
  tokenTypes: readonly string[];
};

/** A problem that prevents the start. */
export const error = (path: PropertyKey[], message: string): PolicyProblem => ({ path, message, level: 'error' });

/** A problem that is only reported. */
export const warning = (path: PropertyKey[], message: string): PolicyProblem => ({ path, message, level: 'warning' });
