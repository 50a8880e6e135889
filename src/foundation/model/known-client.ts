/**
 * A person whose phone accepted a login from a client, and how long that counts (epoch ms). `person` is a digest of the
 * name.
 */
export type KnownPerson = { person: string; until: number };

/**
 * The persons who logged in from one client of one auth server, most recent first. `client` is a digest of both;
 * `endsAt` is the last person's end.
 */
export type KnownClient = { client: string; persons: KnownPerson[]; endsAt: number };

/** A "client" with more persons than this is a server that many people use: it is not a known client of anybody. */
export const mostPersonsKnown = 20;

/** One more is stored, which shows that there are too many. */
export const mostPersonsKept = mostPersonsKnown + 1;

/** Adds a person to a client's list: most recent first, without expired ones, and no longer than what is stored. */
export const withPerson = (persons: readonly KnownPerson[], added: KnownPerson, now: number): KnownPerson[] =>
  [added, ...persons.filter(({ person, until }) => person !== added.person && until > now)].slice(0, mostPersonsKept);
