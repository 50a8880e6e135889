import { hostAndPort } from '../edge/http/index.ts';
import { parseJson, record } from '../foundation/model/index.ts';

const loopback = ['127.0.0.1', 'localhost', '[::1]'];
const everyAddress = ['0.0.0.0', '[::]'];
const usualPorts: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443 };

/**
 * The text of a configuration with its first listener at another port of the same host. Every URL in it that leads to that listener goes along (by its
 * host, or by one of this machine where it listens on those too), so that phones are told the right one. A text that is no configuration stays as it is:
 * its checks tell what is wrong.
 */
export function atPort(text: string, port: number): string {
  const { listeners } = record(parseJson(text));
  const { address, tls } = record(Array.isArray(listeners) ? listeners[0] : undefined);
  const place = typeof address === 'string' ? hostAndPort(address) : undefined;
  if (typeof address !== 'string' || !place) return text;
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
  const config = JSON.parse(text, (_, value: unknown) => (typeof value === 'string' ? follow(value) : value));
  config.listeners[0].address = `${host}:${port}`;
  return JSON.stringify(config);
}
