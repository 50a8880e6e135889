import { type Clock, ok, type Result, refused, type SourceFailure } from '../../../foundation/model/index.ts';
import type { Log } from '../../../foundation/telemetry/index.ts';
import { openServerOrder } from '../../../foundation/wire/index.ts';
import type { LdapConfig } from './config.ts';
import { failureOf, problemOf } from './problem.ts';
import { type LdapServer, openSession, type Session } from './session.ts';

/** Work on one server; it rejects when another server should be tried. */
export type LdapWork<T> = (session: Session, signal: AbortSignal) => Promise<T>;

/** The servers of one directory. */
export type LdapServers = {
  /** Works on a new connection to the first server that succeeds. Refuses with the last problem when none does. */
  alone<T>(work: LdapWork<T>): Promise<Result<T, string>>;
  /** Works on the shared connection for searches, bound as `bindDn`; reconnects if it was lost. */
  shared<T>(work: LdapWork<T>): Promise<Result<T, string>>;
  /** Works on each server; `problem` is undefined for those that succeed. */
  each(work: LdapWork<unknown>, signal: AbortSignal): Promise<{ url: string; problem: string | undefined }[]>;
  close(): void;
};

type Options = { config: LdapConfig; ca: string | undefined; clock: Clock; log: Log; failed: (reason: SourceFailure) => void };

/** Opens the servers without connecting; the first work connects. */
export function openServers(options: Options): LdapServers {
  const { config, ca, failed } = options;
  const servers = config.urls.map((url): LdapServer => ({ url, startTls: config.startTls, ca }));
  const first = openFirst(servers, options);
  const searches = openSearches(config, first);
  return {
    alone: (work) =>
      first(config.timeoutMs, async (server, signal) => {
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
            .catch((error: unknown) => {
              failed(failureOf(error, limit));
              return problemOf(error, limit);
            });
          return { url: server.url, problem };
        }),
      ),
    close: searches.close,
  };
}

/** Works on the first server that succeeds; `budgetMs` is the time for all servers. */
type First = <T>(budgetMs: number, work: (server: LdapServer, signal: AbortSignal) => Promise<T>) => Promise<Result<T, string>>;

function openFirst(servers: readonly LdapServer[], { config, clock, log, failed }: Options): First {
  const order = openServerOrder(servers, clock, config.retryAfterMs);
  return async <T>(budgetMs: number, work: (server: LdapServer, signal: AbortSignal) => Promise<T>) => {
    const done = await order.pass<Result<T, string>>(budgetMs, async (server, limitMs) => {
      const signal = AbortSignal.timeout(Math.min(limitMs, config.serverTimeoutMs));
      try {
        return { outcome: ok(await work(server, signal)), server: 'works', isEnd: true };
      } catch (error) {
        const problem = problemOf(error, signal);
        failed(failureOf(error, signal));
        log.warn({ server: server.url, problem }, 'an LDAP server cannot be used');
        return { outcome: refused(`${server.url}: ${problem}`), server: 'failed', isEnd: false };
      }
    });
    return done ?? refused('timeout');
  };
}

function openSearches(config: LdapConfig, first: First) {
  let kept: Session | undefined;
  let isClosed = false;
  /** Keeps one of several sessions opened at once. */
  const keep = (session: Session): void => {
    if (isClosed || (kept?.isOpen() && kept !== session)) session.close();
    else kept = session;
  };
  return {
    async run<T>(work: LdapWork<T>): Promise<Result<T, string>> {
      if (isClosed) return refused('closed');
      const begun = performance.now();
      const before = kept;
      if (before?.isOpen()) {
        // Servers and firewalls drop idle connections silently, so a failure here does not count against the server,
        // and time is left for the others.
        const share = Math.floor(config.timeoutMs / (config.urls.length + 1));
        const old = await work(before, AbortSignal.timeout(Math.min(share, config.serverTimeoutMs))).then(ok, () => undefined);
        if (old) return old;
        before.close();
      }
      return first(config.timeoutMs - (performance.now() - begun), async (server, signal) => {
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

/** Opens a connection with the rights to search. */
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
