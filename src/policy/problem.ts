/** Something wrong in the rules; `path` begins with the number of the rule. */
export type PolicyProblem = { path: PropertyKey[]; message: string; level: 'error' | 'warning' };

/** A provider as rules see it: the address kinds it serves, and whether phones see its pushes only when they ask. */
export type KnownProvider = { name: string; addresses: readonly string[]; needsPolling: boolean };

/** A mount as rules see it; `flavour` is that of a privacyidea mount. */
export type KnownMount = { path: string; dialect: string; flavour?: string | undefined };

/** The names that rules may refer to. An auth server without `realms` asks for all. */
export type KnownNames = {
  providers: readonly KnownProvider[];
  realms: readonly string[];
  /** Realms that administrators may have. */
  adminRealms?: readonly string[];
  authServers: readonly { name: string; realms?: readonly string[] | undefined }[];
  mounts: readonly KnownMount[];
  tokenTypes: readonly string[];
};

/** A problem that stops a start. */
export const error = (path: PropertyKey[], message: string): PolicyProblem => ({ path, message, level: 'error' });

/** A problem that an operator is told of. */
export const warning = (path: PropertyKey[], message: string): PolicyProblem => ({ path, message, level: 'warning' });
