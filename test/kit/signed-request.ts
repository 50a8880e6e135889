import { createHash, createHmac, randomBytes } from 'node:crypto';

/** A request to sign; `now` is epoch ms, `id` and `key` come from an entry of `hmacKeys`. */
export type ToSign = { now: number; id: string; key: string; method?: string; target?: string; body: string };

/** The headers of a signed request, implemented only from docs/callers.md. */
export function signed({ now, id, key, method = 'POST', target = '/validate/check', body }: ToSign): Record<string, string> {
  const time = String(Math.floor(now / 1000));
  const nonce = randomBytes(16).toString('hex');
  const lines = [method, target, time, nonce, createHash('sha256').update(body).digest('hex')];
  const signature = createHmac('sha256', key).update(lines.join('\n')).digest('hex');
  return { 'x-pushgate-key-id': id, 'x-pushgate-time': time, 'x-pushgate-nonce': nonce, 'x-pushgate-signature': signature };
}
