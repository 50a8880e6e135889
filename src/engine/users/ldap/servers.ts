import { type Clock, ok, type Result, refused } from '../../../foundation/model/index.ts';
import type { Log } from '../../../foundation/telemetry/index.ts';
import { openServerOrder } from '../../../foundation/wire/index.ts';
import type { LdapConfig } from './config.ts';
import { problemOf } from './problem.ts';
import { type LdapServer, openSession, type Session } from './session.ts';

/** Work on one server; it rejects when another server should have a try. */
export type LdapWork<T> = (session: Session, signal: AbortSignal) => Promise<T>;

/** The servers of one directory. */
export type LdapServers = {
  /** On a connection of its own, to the first server that can do it. Refuses, with what went wrong last, when none can. */
  alone<T>(work: LdapWork<T>): Promise<Result<T, string>>;
  /** On the connection that is kept for searches, with the rights of `bindDn`; a new one where it was lost. */
  shared<T>(work: LdapWork<T>): Promise<Result<T, string>>;
  /** What is wrong with each server: undefined for those that do the work. */
  each(work: LdapWork<unknown>, signal: AbortSignal): Promise<{ url: string; problem: string | undefined }[]>;
  close(): void;
};

type Options = { config: LdapConfig; ca: string | undefined; clock: Clock; log: Log };

/** Opens nothing yet: the first question connects. */
export function openServers(options: Options): LdapServers {
  const { config, ca } = options;
  const servers = config.urls.map((url): LdapServer => ({ url, startTls: config.startTls, ca }));
  const first = openFirst(servers, options);
  const searches = openSearches(config, first);
  return {
    alone: (work) =>
      first(AbortSignal.timeout(config.timeoutMs), async (server, signal) => {
        const session = await openSession(server, signal);
        return work(session, signal).finally(() => session.close());
      }),
    shared: searches.run,
    each: (work, signal) =>
      Promise.all(
        servers.map(async (server) => {
          const limit = within(signal, config.serverTimeoutMs);
          const problem = await openSearcher(server, config, limit)
            .then((session) => work(session, limit).finally(() => session.close()))
            .then(() => undefined)
            .catch((error: unknown) => problemOf(error, limit));
          return { url: server.url, problem };
        }),
      ),
    close: searches.close,
  };
}

/** Does the work at the first server that can; `whole` is the deadline for all of them. */
type First = <T>(whole: AbortSignal, work: (server: LdapServer, signal: AbortSignal) => Promise<T>) => Promise<Result<T, string>>;

function openFirst(servers: readonly LdapServer[], { config, clock, log }: Options): First {
  const order = openServerOrder(servers, clock, config.retryAfterMs);
  return async (whole, work) => {
    let last = 'timeout';
    for (const server of order.list()) {
      if (whole.aborted) break;
      const signal = within(whole, config.serverTimeoutMs);
      try {
        const value = await work(server, signal);
        order.worked(server);
        return ok(value);
      } catch (error) {
        const problem = problemOf(error, signal);
        last = `${server.url}: ${problem}`;
        log.warn({ server: server.url, problem }, 'an LDAP server cannot be used');
        // Who was given no more than the rest of the time has not failed yet.
        if (!whole.aborted) order.failed(server);
      }
    }
    return refused(last);
  };
}

function openSearches(config: LdapConfig, first: First) {
  let kept: Session | undefined;
  let isClosed = false;
  /** Of several that were opened at once, one is kept. */
  const keep = (session: Session): void => {
    if (isClosed || (kept?.isOpen() && kept !== session)) session.close();
    else kept = session;
  };
  return {
    async run<T>(work: LdapWork<T>): Promise<Result<T, string>> {
      if (isClosed) return refused('closed');
      const whole = AbortSignal.timeout(config.timeoutMs);
      const before = kept;
      if (before?.isOpen()) {
        const old = await work(before, within(whole, config.serverTimeoutMs)).then(ok, () => undefined);
        if (old) return old;
        // Servers and firewalls drop idle connections, some without a word: that says nothing about the server.
        before.close();
      }
      return first(whole, async (server, signal) => {
        const session = await openSearcher(server, config, signal);
        return work(session, signal).finally(() => keep(session));
      });
    },
    close(): void {
      isClosed = true;
      kept?.close();
    },
  };
}

/** A connection that has the rights to search. */
async function openSearcher(server: LdapServer, { bindDn, bindPassword }: LdapConfig, signal: AbortSignal): Promise<Session> {
  const session = await openSession(server, signal);
  if (bindDn === undefined || !bindPassword) return session;
  try {
    await session.run((client) => client.bind(bindDn, bindPassword.reveal()), signal);
    return session;
  } catch (error) {
    session.close();
    throw error;
  }
}

const within = (signal: AbortSignal, ms: number): AbortSignal => AbortSignal.any([signal, AbortSignal.timeout(ms)]);
