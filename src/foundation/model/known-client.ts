/** A person whose login from a client was accepted by a phone, and until when that counts (epoch ms). `person` is a digest of the name. */
export type KnownPerson = { person: string; until: number };

/** The persons who logged in from one client of one auth server, the last one first. `client` is a digest of both; it ends with the last of them. */
export type KnownClient = { client: string; persons: KnownPerson[]; endsAt: number };

/** What is told for more persons of an auth server than these is no client but a server that many use: nobody is known there. */
export const mostPersonsKnown = 20;

/** One more is kept, which shows that there are too many. */
export const mostPersonsKept = mostPersonsKnown + 1;

/** The persons of a client with one more: without those whose time is over, the last one first, and no more than are kept. */
export const withPerson = (persons: readonly KnownPerson[], added: KnownPerson, now: number): KnownPerson[] =>
  [added, ...persons.filter(({ person, until }) => person !== added.person && until > now)].slice(0, mostPersonsKept);
