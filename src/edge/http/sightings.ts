import type { Context } from 'koa';
import type { Clock } from '../../foundation/model/index.ts';
import type { Log } from '../../foundation/telemetry/index.ts';
import { isLoopback, normalAddress } from '../../foundation/wire/networks.ts';

/** Observations of one listener about client addresses since it was opened; texts are for operators. */
export type Seen = {
  listener: string;
  /**
   * Requests with an unreadable address from a trusted proxy, with the last one's proxy and text. They counted as the
   * proxy's, and no auth server was recognised by network.
   */
  unreadable: { count: number; last?: { proxy: string; text: string; at: number } };
  /**
   * Login calls. `only`: the common address of all, if there is one. `forwarded`: those with an X-Forwarded-For that
   * was ignored because it came from no trusted proxy; `forwarder`: the last one's sender.
   */
  logins: { count: number; only?: string; forwarded: number; forwarder?: string };
};

/** Detects a misconfigured proxy from requests. */
export type Sightings = {
  /** Records an unreadable address from a trusted proxy, once per request; logs the first one. */
  unreadable(ctx: Context, proxy: string, text: string): void;
  /** Records a login call from this address. */
  login(ctx: Context, address: string): void;
  seen(): Seen;
};

const longestText = 64;
/** This many logins from one address are not a coincidence. */
export const manyLogins = 20;

/** Opens the sightings of one listener. */
export function openSightings({ listener, clock, log }: { listener: string; clock: Clock; log: Log }): Sightings {
  const noted = new WeakSet<object>();
  const unreadable: Seen['unreadable'] = { count: 0 };
  const logins: Seen['logins'] = { count: 0, forwarded: 0 };
  return {
    unreadable({ req }, proxy, told) {
      // Several places read the address of one request.
      if (noted.has(req)) return;
      noted.add(req);
      const text = told.slice(0, longestText);
      unreadable.count += 1;
      unreadable.last = { proxy, text, at: clock() };
      if (unreadable.count === 1)
        log.warn(
          { listener, proxy, text },
          'a trusted proxy sent an unreadable address; such requests belong to no known client and no known network',
        );
    },
    login(ctx, address) {
      if (logins.count === 0) logins.only = address;
      else if (logins.only !== address) delete logins.only;
      logins.count += 1;
      if (logins.count === manyLogins && logins.only !== undefined && !isLoopback(logins.only))
        log.warn(
          { listener, address: logins.only },
          'all logins come from one address, so no client is known; have the auth server or proxy send the address of the user (docs/operations.md, Limits)',
        );
      if (noted.has(ctx.req) || ctx.get('x-forwarded-for') === '' || address !== normalAddress(ctx.req.socket.remoteAddress ?? '')) return;
      logins.forwarded += 1;
      logins.forwarder = address;
    },
    seen: () => ({ listener, unreadable: { ...unreadable }, logins: { ...logins } }),
  };
}
