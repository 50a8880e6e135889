import { hostAndPort } from '../edge/http/index.ts';
import { parseJson, record } from '../foundation/model/index.ts';

/**
 * The text of a configuration with its first listener at another port of the same host. Every URL in it that begins with that listener's goes
 * along, so that phones are told the right one. A text that is no configuration stays as it is: its checks tell what is wrong.
 */
export function atPort(text: string, port: number): string {
  const { listeners } = record(parseJson(text));
  const { address, tls } = record(Array.isArray(listeners) ? listeners[0] : undefined);
  if (typeof address !== 'string' || hostAndPort(address) === undefined) return text;
  const moved = address.replace(/\d+$/, String(port));
  const scheme = tls === undefined ? 'http' : 'https';
  const [from, to] = [`${scheme}://${address}`, `${scheme}://${moved}`];
  const follow = (value: string): string => (value === from || value.startsWith(`${from}/`) ? to + value.slice(from.length) : value);
  const config = JSON.parse(text, (_, value: unknown) => (typeof value === 'string' ? follow(value) : value));
  config.listeners[0].address = moved;
  return JSON.stringify(config);
}
