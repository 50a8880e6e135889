import assert from 'node:assert/strict';
import type { GatewayNode } from '../kit/gateways.ts';
import type { PiReply } from '../kit/pi-client.ts';
import { type PiPhone, piPhone } from '../kit/pi-phone.ts';

/** What gateways acknowledged: only what a reply said counts. */
export type Ledger = {
  rollouts: { serial: string; credential: string; publicKey: string }[];
  /** Transactions whose phone was told that its yes was taken, and their users. */
  answered: Map<string, string>;
  /** How often a transaction was handed out as accepted. */
  accepts: Map<string, number>;
  /** Transactions of which nobody knows: the reply to their finish, or to their phone, was lost or an error. */
  unsure: Map<string, string>;
  /** Requests that were refused with the dialect's 503, and the longest that one of them took (ms). */
  refused: number;
  slowest: number;
};

/** Thrown by a request that came to nothing, as it may while something is broken. */
export class Outage extends Error {}

/** An empty one. */
export const openLedger = (): Ledger => ({
  rollouts: [],
  answered: new Map(),
  accepts: new Map(),
  unsure: new Map(),
  refused: 0,
  slowest: 0,
});

/** Which gateway a request goes to, and which of them is known to be dead. */
export type Balancer = { next(): GatewayNode; isDead(node: GatewayNode): boolean };

/** Sends one request; what is not a reply is an `Outage`, if it may be. */
export async function ask(ledger: Ledger, { next, isDead }: Balancer, request: (node: GatewayNode) => Promise<PiReply>): Promise<PiReply> {
  const node = next();
  const begun = performance.now();
  let reply: PiReply;
  try {
    reply = await request(node);
  } catch (error) {
    assert.ok(isDead(node), `a gateway that lives did not reply: ${String(error)}`);
    throw new Outage();
  }
  if (reply.status !== 503) {
    assert.equal(reply.status, 200, reply.text);
    return reply;
  }
  assert.deepEqual([reply.body.result.status, reply.body.result.error?.code], [false, -500], reply.text);
  ledger.refused += 1;
  ledger.slowest = Math.max(ledger.slowest, performance.now() - begun);
  throw new Outage();
}

/** Enrols a phone; undefined when that came to nothing. */
export async function enrol(ledger: Ledger, balancer: Balancer, admin: Record<string, string>, user: string): Promise<string | undefined> {
  try {
    const wish = { type: 'push', genkey: '1', user, pin: '1234' };
    const { detail } = (await ask(ledger, balancer, ({ client }) => client.post('/token/init', wish, admin))).body;
    const { serial, enrollment_credential: credential } = detail;
    const done = await ask(ledger, balancer, ({ client }) => piPhone(client, { serial, credential }).rollout());
    ledger.rollouts.push({ serial, credential, publicKey: done.body.detail.public_key });
    return serial;
  } catch (error) {
    if (error instanceof Outage) return undefined;
    throw error;
  }
}

/** Logs in once, each step at another gateway; false when that came to nothing. */
export async function login(ledger: Ledger, balancer: Balancer, user: string, serial: string): Promise<boolean> {
  const by = (step: (phone: PiPhone) => Promise<PiReply>) =>
    ask(ledger, balancer, ({ client }) => step(piPhone(client, { serial, credential: '' })));
  let id: string | undefined;
  try {
    const started = await ask(ledger, balancer, ({ client }) => client.post('/validate/check', { user, pass: '1234' }));
    const transaction: string = started.body.detail.transaction_id;
    const shown = (await by((phone) => phone.poll())).body.result.value;
    id = transaction;
    const taken = await by((phone) => phone.answer(shown.at(-1).nonce));
    assert.equal(taken.body.result.value, true, taken.text);
    ledger.answered.set(transaction, user);
    await finish(ledger, balancer, transaction, user);
    return true;
  } catch (error) {
    if (!(error instanceof Outage)) throw error;
    if (id !== undefined) ledger.unsure.set(id, user);
    return false;
  }
}

/** Finishes a login; true when it was handed out. */
export async function finish(ledger: Ledger, balancer: Balancer, id: string, user: string): Promise<boolean> {
  const { body } = await ask(ledger, balancer, ({ client }) => client.post('/validate/check', { user, pass: '', transaction_id: id }));
  if (body.result.authentication !== 'ACCEPT') return false;
  ledger.accepts.set(id, (ledger.accepts.get(id) ?? 0) + 1);
  return true;
}

/** That all that was acknowledged is there, and nothing twice; call it when nothing is broken any more. */
export async function checkLedger(ledger: Ledger, balancer: Balancer): Promise<void> {
  for (const { serial, credential, publicKey } of ledger.rollouts) {
    const again = await ask(ledger, balancer, ({ client }) => piPhone(client, { serial, credential }).rollout());
    assert.equal(again.body.detail?.public_key, publicKey, again.text);
  }
  for (const [id, user] of new Map([...ledger.answered, ...ledger.unsure])) {
    const before = ledger.accepts.get(id) ?? 0;
    const now = await finish(ledger, balancer, id, user);
    if (before > 0) assert.equal(now, false, 'a finished login was handed out again');
    else if (ledger.answered.has(id) && !ledger.unsure.has(id)) assert.equal(now, true, 'an acknowledged answer is gone');
    assert.equal(await finish(ledger, balancer, id, user), false, 'a second finish is refused');
  }
  assert.deepEqual(
    [...ledger.accepts].filter(([, count]) => count !== 1),
    [],
    'no login was handed out twice',
  );
}
