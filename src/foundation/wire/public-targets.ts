import { lookup as systemLookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import type { buildConnector } from 'undici';
import { isPublic } from './networks.ts';
import { undici } from './undici.ts';

/** The target is not on the public internet, or its name leads nowhere public. */
export class TargetRefused extends Error {
  constructor() {
    super('the target is not public');
  }
}

/** Resolves a name to all of its addresses; `dns.lookup` is one. */
export type Resolve = (
  hostname: string,
  options: object & { all: true },
  done: (error: NodeJS.ErrnoException | null, addresses: { address: string; family: number }[]) => void,
) => void;

/**
 * Looks names up for a socket and gives it the public addresses only. What was judged is what is connected to, so a name that leads elsewhere
 * the next time it is asked for gains nothing. Fails with `TargetRefused` where none is public.
 */
export function publicLookup(resolve: Resolve = systemLookup): LookupFunction {
  return (hostname, options, done) =>
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return done(error, '');
      const found = addresses.filter(({ address }) => isPublic(address));
      const [first] = found;
      if (!first) return done(new TargetRefused(), '');
      return options.all ? done(null, found) : done(null, first.address, first.family);
    });
}

/** Connects to public targets only, whether they are named or written as addresses (which no look-up sees). */
export function publicConnector(options: buildConnector.BuildOptions): buildConnector.connector {
  const connect = undici().buildConnector({ ...options, lookup: publicLookup() });
  return (target, done) => {
    if (isIP(target.hostname) === 0 || isPublic(target.hostname)) return connect(target, done);
    // As late as a real connection, which the client counts on.
    process.nextTick(done, new TargetRefused(), null);
  };
}
