import { createHash, createHmac } from 'node:crypto';
import type { DeviceAddress, Push } from '../../src/delivery/provider-kit/index.ts';

/** The version of the body's format; receivers must know a new one. */
const version = 1;

/** The body of a push; times are ISO 8601 in UTC. */
export function pushBody({ transactionId, handle, phone, payload, address, addresses, expiresAt }: Push): string {
  const shown = ({ kind, value }: DeviceAddress) => ({ kind, value });
  const to = { address: address && shown(address), addresses: addresses?.map(shown) };
  return JSON.stringify({ version, transactionId, handle, phone, payload, ...to, expiresAt: new Date(expiresAt).toISOString() });
}

/** The body of a check, which only tests the signature. */
export const checkBody = JSON.stringify({ version, check: true });

/** One key per push and address, the same for every repeat. */
export function idempotencyKey({ transactionId, handle, address }: Push): string {
  const parts = [transactionId, handle, address?.kind, address?.value];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);
}

/** `t=<epoch seconds>,v1=<hex>`: HMAC-SHA256 over the time, a dot and the body. */
export function signature(body: string, key: string, now: number): string {
  const t = Math.floor(now / 1000);
  return `t=${t},v1=${createHmac('sha256', key).update(`${t}.${body}`).digest('hex')}`;
}
