import type { Clock } from '../../foundation/model/index.ts';
import { type Http, openHttp, openHttp2, type PublicWireOptions, type WireOptions } from '../../foundation/wire/index.ts';
import type { ProviderHost } from '../provider-kit/index.ts';

/** Estimates the clock of a provider from the `Date` of its replies. */
export type RemoteClock = Pick<ProviderHost, 'openHttp' | 'openHttp2'> & {
  /**
   * How far the gateway's clock is ahead of the provider's (ms, negative: behind), by the last reply with a date;
   * undefined after ten minutes without one.
   */
  skewMs(): number | undefined;
};

/**
 * A measurement is dropped after this time (ms), so that a clock corrected meanwhile is not reported as wrong while no
 * push is sent.
 */
const maxAgeMs = 600_000;

/**
 * Opens the HTTP clients of one provider and measures its clock. Replies of targets chosen by others are ignored,
 * because a stranger's server may report any time. `resend`: see WireOptions.
 */
export function openRemoteClock(clock: Clock, resend: boolean): RemoteClock {
  let last: { skewMs: number; at: number } | undefined;
  const watched =
    <Call, Refusal extends string>(request: (call: Call) => ReturnType<Http<Refusal>['request']>) =>
    async (call: Call) => {
      const before = clock();
      const reply = await request(call);
      const after = clock();
      const skewMs = reply.ok ? skewOf(reply.value.headers.date, { before, after }) : undefined;
      if (skewMs !== undefined) last = { skewMs, at: after };
      return reply;
    };
  function openWatched(options: PublicWireOptions): Http<'forbidden'>;
  function openWatched(options: WireOptions): Http;
  function openWatched(options: PublicWireOptions | WireOptions): Http<'forbidden'> {
    if (isPublic(options)) return openHttp({ ...options, resend });
    const http = openHttp({ ...options, resend });
    return { request: watched(http.request), close: () => http.close() };
  }
  return {
    skewMs: () => (last && Math.abs(clock() - last.at) < maxAgeMs ? last.skewMs : undefined),
    openHttp: openWatched,
    openHttp2(origin, options) {
      const http = openHttp2(origin, { ...options, resend });
      return { request: watched(http.request), close: () => http.close() };
    },
  };
}

const isPublic = (options: PublicWireOptions | WireOptions): options is PublicWireOptions => 'publicTargetsOnly' in options;

/** A `Date` has whole seconds, and was set between `before` and `after` of the gateway's clock. */
function skewOf(date: string | undefined, { before, after }: { before: number; after: number }): number | undefined {
  const told = Date.parse(date ?? '');
  return Number.isNaN(told) ? undefined : Math.max(before - (told + 999), 0) || Math.min(after - told, 0);
}
