import type { Http, Http2, ProviderHost } from '../../src/delivery/provider-kit/index.ts';

/** A POST; `signal` is its deadline, and cancels the stream when it fires. */
export type Post = { path: string; headers: Record<string, string>; body: string; signal: AbortSignal };

/** Persistent connections to FCM. */
export type Connections = { post(call: Post): ReturnType<Http2['request']>; close(): Promise<void> };

/** Trust and proxy of a connection. */
export type Way = Parameters<ProviderHost['openHttp2']>[1];

/** The maximum of streams per connection at FCM; further ones would queue. */
const streamsEach = 100;

/**
 * Opens connections to `origin`: HTTP/2 for https, with a further connection only while all others are full, up to
 * `most`.
 */
export function openConnections(origin: string, way: Way, most: number, { openHttp, openHttp2 }: ProviderHost): Connections {
  if (origin.startsWith('http:')) return overHttp1(origin, openHttp(way));
  const lines: { http: Http2; busy: number }[] = [];
  const line = () => {
    const leastBusy = lines.reduce<(typeof lines)[number] | undefined>((a, b) => (a && a.busy <= b.busy ? a : b), undefined);
    if (leastBusy && (leastBusy.busy < streamsEach || lines.length >= most)) return leastBusy;
    const opened = { http: openHttp2(origin, way), busy: 0 };
    lines.push(opened);
    return opened;
  };
  return {
    async post(call) {
      const taken = line();
      taken.busy += 1;
      try {
        return await taken.http.request({ method: 'POST', ...call });
      } finally {
        taken.busy -= 1;
      }
    },
    close: async () => void (await Promise.all(lines.map(({ http }) => http.close()))),
  };
}

/** Plain http is allowed on this machine only, for a fake FCM. */
const overHttp1 = (origin: string, http: Http): Connections => ({
  post: ({ path, ...call }) => http.request({ method: 'POST', url: `${origin}${path}`, ...call }),
  close: () => http.close(),
});
