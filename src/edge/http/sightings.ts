import type { Context } from 'koa';
import type { Clock } from '../../foundation/model/index.ts';
import type { Log } from '../../foundation/telemetry/index.ts';
import { isLoopback, normalAddress } from '../../foundation/wire/networks.ts';

/** What one listener saw of the addresses of its clients since it was opened; texts are for operators. */
export type Seen = {
  listener: string;
  /** Requests whose address a trusted proxy told in a form that cannot be read, so that they counted as the proxy's and as nobody's who is known by network; the last one's proxy and text. */
  unreadable: { count: number; last?: { proxy: string; text: string; at: number } };
  /**
   * Calls that log users in. `only`: the address that all of them came from, where it is one. `forwarded`: those that carried an X-Forwarded-For that does
   * not count, as it came from no trusted proxy, and the last one's sender.
   */
  logins: { count: number; only?: string; forwarded: number; forwarder?: string };
};

/** Notes what requests show of a proxy that is not set up as it should be. */
export type Sightings = {
  /** A trusted proxy told an address in a form that cannot be read. It counts once per request; the first one is told in the log. */
  unreadable(ctx: Context, proxy: string, text: string): void;
  /** A call that logs a user in came, and counts as from this address. */
  login(ctx: Context, address: string): void;
  seen(): Seen;
};

const longestText = 64;
/** So many logins from one address are no accident any more. */
export const manyLogins = 20;

/** Opens the sightings of one listener. */
export function openSightings({ listener, clock, log }: { listener: string; clock: Clock; log: Log }): Sightings {
  const noted = new WeakSet<object>();
  const unreadable: Seen['unreadable'] = { count: 0 };
  const logins: Seen['logins'] = { count: 0, forwarded: 0 };
  return {
    unreadable({ req }, proxy, told) {
      // The address of one request is read in several places.
      if (noted.has(req)) return;
      noted.add(req);
      const text = told.slice(0, longestText);
      unreadable.count += 1;
      unreadable.last = { proxy, text, at: clock() };
      if (unreadable.count === 1)
        log.warn(
          { listener, proxy, text },
          'a trusted proxy tells an address that cannot be read; such requests come from no known client and no known network',
        );
    },
    login(ctx, address) {
      if (logins.count === 0) logins.only = address;
      else if (logins.only !== address) delete logins.only;
      logins.count += 1;
      if (logins.count === manyLogins && logins.only !== undefined && !isLoopback(logins.only))
        log.warn(
          { listener, address: logins.only },
          'all logins come from one address, so that no client is known; have the auth server or proxy tell the address of the user (docs/operations.md, Limits)',
        );
      if (noted.has(ctx.req) || ctx.get('x-forwarded-for') === '' || address !== normalAddress(ctx.req.socket.remoteAddress ?? '')) return;
      logins.forwarded += 1;
      logins.forwarder = address;
    },
    seen: () => ({ listener, unreadable: { ...unreadable }, logins: { ...logins } }),
  };
}
