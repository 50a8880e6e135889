import type { SourceFailure } from '../../../foundation/model/index.ts';
import { tlsProblemOf, wireErrorOf } from '../../../foundation/wire/index.ts';
import { ldapts } from './library.ts';

/**
 * Result codes of a bind that concern the password or the account, not the server: constraint violation (locked), no
 * such object, invalid DN syntax, inappropriate authentication (no password set), invalid credentials, insufficient
 * access, unwilling (account inactive).
 * @see RFC 4511 appendix A
 */
const refusals = new Set([19, 32, 34, 48, 49, 50, 53]);

/** Whether the server checked the password and refused it. */
export const isRefusal = (error: unknown): boolean => error instanceof ldapts().ResultCodeError && refusals.has(error.code);

/** Whether a search found more entries than the server returns. */
export const isTooMuch = (error: unknown): boolean => error instanceof ldapts().ResultCodeError && error.code === 4;

/** The error as a reason for the metrics. */
export const failureOf = (error: unknown, signal: AbortSignal): SourceFailure =>
  error instanceof ldapts().ResultCodeError ? 'refused' : (wireErrorOf(error, signal) ?? 'connection');

/**
 * The error in a few words, without text from the server: `timeout`, `connection`, `LDAP result 52`, or `tls, its
 * certificate …`.
 */
export function problemOf(error: unknown, signal: AbortSignal): string {
  if (error instanceof ldapts().ResultCodeError)
    return error.code === 49 ? 'LDAP result 49, bindDn or bindPassword is wrong' : `LDAP result ${error.code}`;
  const end = wireErrorOf(error, signal) ?? 'connection';
  return end === 'tls' ? `tls, ${tlsReason(error)}` : end;
}

function tlsReason(error: unknown): string {
  const { kind, detail } = tlsProblemOf(error);
  return kind === 'untrusted' ? `${detail}; name the PEM file of its authority in ca` : detail;
}
