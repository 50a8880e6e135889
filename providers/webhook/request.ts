import { createHash, createHmac } from 'node:crypto';
import type { DeviceAddress, Push } from '../../src/delivery/provider-kit/index.ts';

/** The version of the body's shape; a new one is a change that receivers must know of. */
const version = 1;

/** The body that hands over a push; times are ISO 8601 in UTC. */
export function pushBody({ transactionId, handle, phone, payload, address, addresses, expiresAt }: Push): string {
  const shown = ({ kind, value }: DeviceAddress) => ({ kind, value });
  const to = { address: address && shown(address), addresses: addresses?.map(shown) };
  return JSON.stringify({ version, transactionId, handle, phone, payload, ...to, expiresAt: new Date(expiresAt).toISOString() });
}

/** The body that only asks whether the receiver knows our key. */
export const checkBody = JSON.stringify({ version, check: true });

/** One key for one push to one address, the same whenever it is sent again. */
export function idempotencyKey({ transactionId, handle, address }: Push): string {
  const parts = [transactionId, handle, address?.kind, address?.value];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);
}

/** `t=<epoch seconds>,v1=<hex>`: HMAC-SHA256 over the time, a dot and the body. */
export function signature(body: string, key: string, now: number): string {
  const t = Math.floor(now / 1000);
  return `t=${t},v1=${createHmac('sha256', key).update(`${t}.${body}`).digest('hex')}`;
}
