/** A person whose login from a client was accepted by a phone, and until when that counts (epoch ms). `person` is a digest of the name. */
export type KnownPerson = { person: string; until: number };

/** The persons who logged in from one client of one auth server, the last one first. `client` is a digest of both; it ends with the last of them. */
export type KnownClient = { client: string; persons: KnownPerson[]; endsAt: number };

/** Of one client no more persons are kept: beyond that nobody is known there. */
export const mostPersonsKept = 21;

/** The persons of a client with one more: without those whose time is over, the last one first, and no more than are kept. */
export const withPerson = (persons: readonly KnownPerson[], added: KnownPerson, now: number): KnownPerson[] =>
  [added, ...persons.filter(({ person, until }) => person !== added.person && until > now)].slice(0, mostPersonsKept);
