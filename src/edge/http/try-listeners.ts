import { resolve } from 'node:path';
import { z } from 'zod';
import { endedChainText, endedInChain, settingProblemsOf } from '../../foundation/settings/index.ts';
import { firstToEnd, type ListenerTls, listenerTlsConfig, readListenerTls } from './listener-tls.ts';

/** A problem with one listener's TLS; `path` begins with its index in the list. */
export type ListenerProblem = { path: PropertyKey[]; message: string; level: 'error' | 'warning' };

const withTls = z.looseObject({ tls: listenerTlsConfig });
const soonMs = 14 * 24 * 60 * 60_000;

/**
 * Reads the TLS files of every listener, to find problems that only opening shows: missing files, a key that does not
 * match, an expired certificate.
 */
export function tryListeners(entries: readonly unknown[], { folder, clock }: { folder: string; clock: () => number }): ListenerProblem[] {
  return entries.flatMap((entry, index) => {
    const { tls } = withTls.safeParse(entry).data ?? {};
    return tls ? problemsOf(tls, folder, clock()).map((problem) => ({ ...problem, path: [index, 'tls', ...problem.path] })) : [];
  });
}

const warning = (message: string): ListenerProblem => ({ path: ['certificate'], message, level: 'warning' });

function problemsOf(tls: ListenerTls, folder: string, now: number): ListenerProblem[] {
  try {
    const path = (file: string): string => resolve(folder, file);
    const secrets = readListenerTls(tls, path);
    const chain = endedInChain(secrets.expiries, now).map((ended) => warning(endedChainText(ended)));
    const first = firstToEnd(secrets, now);
    if (!first || first.at > now + soonMs) return chain;
    const hasEnded = first.at <= now;
    const when = `${hasEnded ? 'ended' : 'ends'} on ${new Date(first.at).toISOString()}`;
    const message = `the certificate of ${first.what} ${when}; put a new one into ${path(tls.certificate)}`;
    return [{ ...warning(message), level: hasEnded ? 'error' : 'warning' }, ...chain];
  } catch (error) {
    return settingProblemsOf(error).map(({ path, message }) => ({ path: [...path], message, level: 'error' }));
  }
}
