import { hostAndPort } from '../edge/http/host-and-port.ts';
import { record } from '../foundation/model/index.ts';

const loopback = ['127.0.0.1', 'localhost', '[::1]'];
const everyAddress = ['0.0.0.0', '[::]'];
const usualPorts: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443 };

/**
 * The configuration with its first listener at another port of the same host. Every URL that leads to that listener
 * changes too, so that phones get the right one. A URL leads to it by its host, or by a name of this machine if it
 * listens there. A value that is not a configuration stays as it is; other checks report it.
 */
export function atPort(raw: unknown, port: number): unknown {
  const { listeners } = record(raw);
  if (!Array.isArray(listeners)) return raw;
  const [first, ...others]: unknown[] = listeners;
  const { address, tls } = record(first);
  const place = typeof address === 'string' ? hostAndPort(address) : undefined;
  if (typeof address !== 'string' || !place) return raw;
  const host = address.slice(0, address.lastIndexOf(':'));
  const hosts = [...loopback, ...everyAddress].includes(host) ? [host, ...loopback] : [host];
  const protocol = tls === undefined ? 'http:' : 'https:';
  const follow = (value: string): string => {
    const url = value.startsWith(`${protocol}//`) ? URL.parse(value) : null;
    if (!url || !hosts.includes(url.hostname) || Number(url.port || usualPorts[protocol]) !== place.port) return value;
    const path = value.indexOf('/', protocol.length + 2);
    url.port = String(port);
    return url.origin + (path < 0 ? '' : value.slice(path));
  };
  return mapTexts({ ...record(raw), listeners: [{ ...record(first), address: `${host}:${port}` }, ...others] }, follow);
}

function mapTexts(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return value.map((each) => mapTexts(each, change));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, mapTexts(each, change)]));
}
