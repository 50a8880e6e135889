import { lookup as systemLookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import type { buildConnector } from 'undici';
import { isPublic } from './networks.ts';
import { undici } from './undici.ts';

/** The target is not a public address, or its name resolves to none. */
export class TargetRefused extends Error {
  constructor() {
    super('the target is not public');
  }
}

/** Resolves a name to all of its addresses, like `dns.lookup`. */
export type Resolve = (
  hostname: string,
  options: object & { all: true },
  done: (error: NodeJS.ErrnoException | null, addresses: { address: string; family: number }[]) => void,
) => void;

/**
 * A lookup for sockets that returns public addresses only. The socket connects to the checked address, so DNS rebinding
 * does not help an attacker. Fails with `TargetRefused` when no address is public.
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

/** Connects to public targets only, given by name or by address (for which no lookup happens). */
export function publicConnector(options: buildConnector.BuildOptions): buildConnector.connector {
  const connect = undici().buildConnector({ ...options, lookup: publicLookup() });
  return (target, done) => {
    if (isIP(target.hostname) === 0 || isPublic(target.hostname)) return connect(target, done);
    // Asynchronous like a real connection, as the client expects.
    process.nextTick(done, new TargetRefused(), null);
  };
}
