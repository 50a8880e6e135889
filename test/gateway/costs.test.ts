import assert from 'node:assert/strict';
import { mock } from 'node:test';
import ipaddr from 'ipaddr.js';
import { countCalls } from '../kit/counted-calls.ts';
import { type GivenGateway, givenGateway } from '../kit/gateway.ts';
import type { PiReply } from '../kit/pi-client.ts';
import { cleanup } from '../kit/temporary.ts';

/** What one request of a login costs, beside HTTP: operations of the store (those behind its reply among them), RSA signatures and checks, addresses that are read anew. */
type Costs = { store: Record<string, number>; signatures: number; verifies: number; addresses: number };

describe('What a request costs the gateway', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  const given = async () => {
    const gateway = await givenGateway(undo, {
      policies: [{ name: 'far', scope: 'authentication', match: { client: ['10.0.0.0/8'] }, actions: { push_wait: 5 } }],
    });
    const phone = await gateway.phoneOf('alice');
    // A first login, so that PIN, keys and addresses are known.
    const { id, nonce } = await gateway.challenge('alice', phone);
    await phone.answer(nonce);
    await finish(gateway, id);
    gateway.clock.advance(1);
    return { ...gateway, phone, costsOf: counting(gateway) };
  };
  const finish = ({ client }: Pick<GivenGateway, 'client'>, id: string): Promise<PiReply> =>
    client.post('/validate/check', { user: 'alice', pass: '', transaction_id: id });

  /** Counts what a request and the work behind it do. */
  const counting =
    ({ gateway, client }: GivenGateway) =>
    async (request: () => Promise<PiReply>): Promise<Costs & { reply: PiReply }> => {
      await gateway.settled();
      const before = await storeOperations(client.url);
      const addressesRead = mock.method(ipaddr, 'process');
      const [signing, checking] = [countCalls('RSA signatures'), countCalls('RSA checks')];
      const reply = await request();
      await gateway.settled();
      for (const each of [signing, checking]) each.stop();
      addressesRead.mock.restore();
      const after = await storeOperations(client.url);
      const store = Object.fromEntries(
        [...after]
          .map(([name, count]) => [name, count - (before.get(name) ?? 0)])
          .filter(([name, count]) => count !== 0 && !behind.includes(String(name))),
      );
      return { reply, store, signatures: signing.count(), verifies: checking.count(), addresses: addressesRead.mock.callCount() };
    };

  const table: [step: string, costs: Costs][] = [
    [
      'trigger',
      { store: { tokensOf: 1, addTransaction: 1, openTransactionsOf: 1, appendTrail: 1 }, signatures: 1, verifies: 0, addresses: 0 },
    ],
    ['phone poll', { store: { findToken: 1, openTransactionsOf: 1 }, signatures: 0, verifies: 1, addresses: 0 }],
    ['poll', { store: { findTransaction: 1 }, signatures: 0, verifies: 0, addresses: 0 }],
    ['answer', { store: { findToken: 1, findByHandle: 1, decide: 1, removeEffects: 1 }, signatures: 0, verifies: 1, addresses: 0 }],
    [
      'finish',
      { store: { tokensOf: 1, countLogin: 1, findTransaction: 1, decide: 1, removeEffects: 1 }, signatures: 0, verifies: 0, addresses: 0 },
    ],
    ['wrong PIN', { store: { findToken: 1, tokensOf: 1, countFailure: 1 }, signatures: 0, verifies: 0, addresses: 0 }],
  ];

  it('is what the table says, for each step of a login', async () => {
    const { client, phone, costsOf } = await given();
    const said: Record<string, PiReply['body']> = {};
    const idOf = (): string => said.trigger?.detail.transaction_id;
    const steps: Record<string, () => Promise<PiReply>> = {
      trigger: () => client.post('/validate/check', { user: 'alice', pass: '1234' }),
      'phone poll': () => phone.poll(),
      poll: () => client.get('/validate/polltransaction', { transaction_id: idOf() }),
      answer: () => phone.answer(said['phone poll']?.result.value[0].nonce),
      finish: () => finish({ client }, idOf()),
      'wrong PIN': () => client.post('/validate/check', { user: 'alice', pass: '4321' }),
    };
    for (const [step, expected] of table) {
      const { reply, ...costs } = await costsOf(steps[step] ?? (() => assert.fail(`there is no step ${step}`)));
      said[step] = reply.body;
      assert.deepEqual(costs, expected, step);
    }
    assert.equal(said.finish?.result.authentication, 'ACCEPT');
  });
});

/** Written in bulk, or by the clock, whatever is asked for. */
const behind = ['probe', 'putAuditWriter', 'appendAudit'];

/** How often each operation of the store was asked for so far. */
async function storeOperations(url: string): Promise<Map<string, number>> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const lines = text.matchAll(/^pushgate_store_operation_seconds_count\{(.*)\} (\S+)$/gm);
  return new Map(
    [...lines]
      .filter(([, labels = '']) => labels.includes('outcome="ok"'))
      .map(([, labels = '', count]) => [/op="(\w+)"/.exec(labels)?.[1] ?? '', Number(count)]),
  );
}
