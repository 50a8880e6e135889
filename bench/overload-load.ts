import { createPrivateKey, createSign, type KeyObject } from 'node:crypto';
import { Agent, request } from 'node:http';
import { base32 } from '../test/kit/pi-phone.ts';

/**
 * The first message to the process that sends logins. `pin` is the PIN of every login; a wrong one ends a login at its
 * first reply.
 */
export type Load = { url: string; users: { user: string; serial: string }[]; phoneKey: string; pin: string; timeoutMs: number };

/**
 * Asks for logins; their results have the same `id`. `parallel`: this many at the same time. `rate`: this many per
 * second, whatever their results. `ms`: for this long.
 */
export type Wish = { id: number; parallel?: number; rate?: number; ms: number };

/** One login: its start (ms since the request), its result, and the time of its first reply. */
export type Offered = { at: number; end: 'good' | 'shed' | 'late' | 'failed'; firstMs: number };

type Reply = { status: number; text: string };
type Offering = Load & { key: KeyObject };

const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });

/** The client gave up waiting. */
class Late extends Error {}
/** The gateway refused the login for now. */
class Shed extends Error {}

function ask({ url, timeoutMs }: Load, path: string, form?: Record<string, string>): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const body = form && new URLSearchParams(form).toString();
    const headers = body === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded', 'content-length': body.length };
    const sent = request(`${url}${path}`, { method: body === undefined ? 'GET' : 'POST', headers, agent }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => {
        clearTimeout(patience);
        if (response.statusCode === 503) reject(new Shed());
        else resolve({ status: response.statusCode ?? 0, text });
      });
    });
    const patience = setTimeout(() => sent.destroy(new Late()), timeoutMs);
    sent.on('error', (error) => {
      clearTimeout(patience);
      reject(error);
    });
    sent.end(body);
  });
}

const sign = (key: KeyObject, text: string): string => base32(createSign('sha256').update(text).sign(key));

async function offer(load: Offering, number: number, start: number): Promise<Offered> {
  const { user, serial } = load.users[number % load.users.length] ?? { user: '', serial: '' };
  const begun = performance.now();
  let firstMs = 0;
  const ended = (end: Offered['end']): Offered => ({ at: begun - start, end, firstMs: firstMs || performance.now() - begun });
  try {
    const { status, text } = await ask(load, '/validate/check', { user, pass: load.pin });
    firstMs = performance.now() - begun;
    const { detail, result } = JSON.parse(text);
    if (status !== 200) return ended('failed');
    if (result.authentication === 'REJECT') return ended('good');
    const timestamp = new Date().toISOString();
    const signature = sign(load.key, `${serial}|${timestamp}`);
    const polled = await ask(load, `/ttype/push?${new URLSearchParams({ serial, timestamp, signature })}`);
    // Other logins may wait for the same phone; the user answers the newest.
    const { nonce } = JSON.parse(polled.text).result.value.at(-1);
    await ask(load, '/ttype/push', { serial, nonce, signature: sign(load.key, `${nonce}|${serial}`) });
    const finished = await ask(load, '/validate/check', { user, pass: '', transaction_id: detail.transaction_id });
    // Another login of the same user may have ended this one.
    return ended(finished.status === 200 ? 'good' : 'failed');
  } catch (error) {
    return ended(error instanceof Shed ? 'shed' : error instanceof Late ? 'late' : 'failed');
  }
}

async function offerAll(load: Offering, { parallel, rate, ms }: Wish): Promise<Offered[]> {
  const start = performance.now();
  let number = 0;
  if (parallel !== undefined) {
    const all: Offered[] = [];
    const worker = async (): Promise<void> => {
      while (performance.now() < start + ms) {
        number += 1;
        all.push(await offer(load, number, start));
      }
    };
    await Promise.all(Array.from({ length: parallel }, worker));
    return all;
  }
  const offered: Promise<Offered>[] = [];
  return new Promise((resolve) => {
    const timer = setInterval(() => {
      const due = (Math.min(ms, performance.now() - start) / 1000) * (rate ?? 0);
      for (; number < due; number += 1) offered.push(offer(load, number, start));
      if (performance.now() < start + ms) return;
      clearInterval(timer);
      resolve(Promise.all(offered));
    }, 5);
  });
}

let load: Offering | undefined;
process.on('message', (message: Load | Wish) => {
  if ('url' in message) load = { ...message, key: createPrivateKey(message.phoneKey) };
  else if (load) void offerAll(load, message).then((offered) => process.send?.({ id: message.id, offered }));
});
