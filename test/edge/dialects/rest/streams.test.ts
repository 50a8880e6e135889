import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { connect } from 'node:net';
import { thisProcess } from '../../../../src/cli/idle-collection.ts';
import { seconds } from '../../../kit/clock.ts';
import { openEvents, type ReceivedEvent } from '../../../kit/event-stream.ts';
import type { GatewayWishes } from '../../../kit/gateway.ts';
import { cleanup } from '../../../kit/temporary.ts';
import { givenRest, keys } from './given.ts';

const transfer = { user: 'alice', title: 'ACME Bank', text: 'Send 100 EUR?' };

describe('Event streams of the REST interface', function () {
  this.timeout(30_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  const givenShop = async (wishes: GatewayWishes = {}) => {
    const world = await givenRest(undo, wishes);
    const phone = await world.phoneOf('alice');
    const create = async (over: object = {}) => (await world.rest('POST /v1/challenges', { ...transfer, ...over })).body;
    const accepts = async ({ number }: { number: string }) =>
      phone.answer((await phone.poll()).body.result.value.at(-1).nonce, { option: number });
    /** Follows a path as an auth server. */
    const events = async (path: string, { after, key = keys.shop }: { after?: string; key?: string } = {}) => {
      const headers = { authorization: `Bearer ${key}` };
      const client = await openEvents(`${world.client.url}/rest${path}`, after === undefined ? { headers } : { headers, after });
      undo.later(client.close);
      return client;
    };
    const follow = (id: string, over: { after?: string; key?: string } = {}) => events(`/v1/challenges/${id}/events`, over);
    const metric = async (name: string): Promise<number> => {
      const line = (await (await fetch(`${world.client.url}/metrics`)).text()).split('\n').find((each) => each.startsWith(`${name} `));
      return Number(line?.split(' ')[1]);
    };
    return { ...world, phone, create, accepts, events, follow, metric };
  };

  const shown = (event: ReceivedEvent | undefined) => [event?.id, event?.event, event?.data?.status];

  it('tell the present state, then the answer, and end with it', async () => {
    const { create, follow, accepts, rest, metric } = await givenShop();
    const challenge = await create();
    const stream = await follow(challenge.id);
    assert.deepEqual([stream.status, stream.headers.get('cache-control')], [200, 'no-store']);
    const first = await stream.next();
    assert.deepEqual(shown(first), ['0', 'challenge', 'pending']);
    assert.deepEqual(first?.data, challenge);
    assert.deepEqual([await metric('pushgate_event_streams'), await metric('pushgate_result_waiters{kind="sse"}')], [1, 1]);
    await accepts(challenge);
    const last = await stream.next();
    assert.deepEqual(shown(last), ['1', 'challenge', 'accepted']);
    assert.deepEqual(last?.data, (await rest(`GET /v1/challenges/${challenge.id}`)).body);
    assert.deepEqual(await stream.rest(), []);
    assert.equal(await metric('pushgate_result_waiters{kind="sse"}'), 0);
    while ((await metric('pushgate_event_streams')) > 0);
  });

  it('tell each step of a challenge', async () => {
    const { create, follow, phone, rest } = await givenShop();
    const { id } = await create({ mode: 'code' });
    const stream = await follow(id);
    assert.deepEqual(shown(await stream.next()), ['0', 'challenge', 'pending']);
    await phone.answer((await phone.poll()).body.result.value[0].nonce);
    assert.deepEqual(shown(await stream.next()), ['1', 'challenge', 'code_shown']);
    await rest(`POST /v1/challenges/${id}/cancel`, {});
    assert.deepEqual((await stream.rest()).map(shown), [['2', 'challenge', 'withdrawn']]);
  });

  it('go on after a decline that settles nothing, until another phone accepts', async () => {
    const policies = [{ name: 'several', scope: 'authentication', actions: { push_decline_settles: false } }];
    const { create, follow, phone, phoneOf } = await givenShop({ policies });
    const other = await phoneOf('alice');
    const { id } = await create({ mode: 'confirm' });
    const stream = await follow(id);
    await stream.next();
    await phone.answer((await phone.poll()).body.result.value[0].nonce, { decline: true });
    assert.deepEqual(shown(await stream.next()), ['1', 'challenge', 'declined']);
    await other.answer((await other.poll()).body.result.value[0].nonce);
    assert.deepEqual((await stream.rest()).map(shown), [['2', 'challenge', 'accepted']]);
  });

  it('go on where they stopped, and say when there is nothing more', async () => {
    const { create, follow, accepts } = await givenShop();
    const challenge = await create();
    // given a client that has the present state
    const stream = await follow(challenge.id, { after: '0' });
    await accepts(challenge);
    // then it gets only what is new
    assert.deepEqual((await stream.rest()).map(shown), [['1', 'challenge', 'accepted']]);
    assert.deepEqual((await (await follow(challenge.id, { after: '0' })).rest()).map(shown), [['1', 'challenge', 'accepted']]);
    for (const after of ['1', '7']) {
      const over = await follow(challenge.id, { after });
      assert.deepEqual([over.status, over.text], [204, '']);
    }
    const wrong = await follow(challenge.id, { after: 'x' });
    assert.deepEqual([wrong.status, JSON.parse(wrong.text).errors[0].field], [400, '/last-event-id']);
  });

  it('tell the expiry at its moment', async () => {
    const { create, follow, clock } = await givenShop();
    const { id } = await create({ validitySeconds: 10 });
    clock.advance(seconds(10) - 50);
    const stream = await follow(id);
    assert.deepEqual(shown(await stream.next()), ['0', 'challenge', 'pending']);
    clock.advance(50);
    assert.deepEqual((await stream.rest()).map(shown), [['1', 'challenge', 'expired']]);
    assert.equal((await follow(id, { after: '1' })).status, 204);
  });

  it('exist for the auth server that asked alone', async () => {
    const { create, follow, rest } = await givenShop();
    const { id } = await create();
    const foreign = await follow(id, { key: keys.stranger });
    const unknown = await follow('12345678901234567890', { key: keys.stranger });
    assert.deepEqual([foreign.status, foreign.text], [404, unknown.text]);
    assert.equal((await follow(id, { key: 'x'.repeat(30) })).status, 401);
    // and a request for the head only opens none
    assert.equal((await rest(`GET /v1/challenges/${id}/events`, undefined, { method: 'HEAD' })).status, 200);
  });

  it('tell all events of an auth server in order, and nothing of others', async () => {
    const { create, accepts, events, rest } = await givenShop();
    // given both auth servers listen
    const [mine, foreign] = [await events('/v1/events'), await events('/v1/events', { key: keys.stranger })];
    assert.deepEqual(await mine.next(), { id: '0', event: 'ready', data: {} });
    assert.deepEqual(await foreign.next(), { id: '0', event: 'ready', data: {} });
    // when a challenge of one of them is made, answered and taken
    const challenge = await create();
    await accepts(challenge);
    await rest(`POST /v1/challenges/${challenge.id}/consume`, {});
    // then that one hears of each step
    const told = [await mine.next(), await mine.next(), await mine.next()];
    assert.deepEqual(
      told.map((event) => [event?.id, event?.event, event?.data.type, event?.data.data.id, event?.data.data.status]),
      [
        ['1', 'challenge.created', 'challenge.created', challenge.id, 'pending'],
        ['2', 'challenge.accepted', 'challenge.accepted', challenge.id, 'accepted'],
        ['3', 'challenge.consumed', 'challenge.consumed', challenge.id, 'consumed'],
      ],
    );
    // and a client that comes back gets what it has not seen
    const again = await events('/v1/events', { after: '1' });
    assert.deepEqual([(await again.next())?.id, (await again.next())?.id], ['2', '3']);
    // while the other one hears of its own only
    const other = await rest('POST /v1/challenges', transfer, { key: keys.stranger });
    const heard = await foreign.next();
    assert.deepEqual([heard?.id, heard?.data.data.id], ['1', other.body.id]);
  });

  it('are limited, and make room when a client goes', async () => {
    // 18 connections are 13 streams, 9 of them for one auth server
    const { create, follow, metric } = await givenShop({ settings: { connections: 18 } });
    const { id } = await create();
    assert.equal(await metric('pushgate_event_streams_limit'), 13);
    const streams = [];
    for (let count = 0; count < 9; count += 1) streams.push(await follow(id));
    const refused = await follow(id);
    assert.deepEqual([refused.status, JSON.parse(refused.text).type], [429, 'urn:pushgate:problem:too-many-streams']);
    assert.equal(refused.headers.get('retry-after'), '10');
    assert.equal(await metric('pushgate_event_streams_refused_total{reason="auth-server"}'), 1);
    streams[0]?.close();
    while ((await metric('pushgate_event_streams')) === 9);
    assert.equal((await follow(id)).status, 200);
  });

  it('give their place back when a client goes, also one that has sent more than its request', async function () {
    // Sooner than a comment, which would find the client gone.
    this.timeout(10_000);
    const { create, client, metric } = await givenShop();
    const { id } = await create();
    const { hostname, port } = new URL(client.url);
    const socket = connect(Number(port), hostname);
    undo.later(() => socket.destroy());
    socket.write(`GET /rest/v1/challenges/${id}/events HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${keys.shop}\r\n\r\n`);
    await once(socket, 'data');
    assert.equal(await metric('pushgate_event_streams'), 1);
    // when it sends bytes that belong to no request, and goes
    socket.end('more');
    // then its place is free
    while ((await metric('pushgate_event_streams')) === 1);
  });

  it('end when the gateway stops, which tells their clients to come back', async () => {
    const { create, follow, gateway } = await givenShop();
    const { id } = await create();
    const stream = await follow(id);
    await stream.next();
    const closed = gateway.close();
    const [last] = await stream.rest();
    assert.ok(Number(last?.retry) >= 2000);
    await closed;
  });

  describe('and requests that wait keep nothing of the HTTP server', () => {
    const ways: [title: string, path: string, kind: string][] = [
      ['a long poll', '?wait=30', 'long_poll'],
      ['an event stream', '/events', 'sse'],
    ];
    for (const [title, path, kind] of ways)
      it(title, async () => {
        const { create, accepts, metric, client } = await givenShop();
        const challenge = await create();
        // given the response object of a request that waits
        const responses: WeakRef<object>[] = [];
        const see = (message: unknown): void => {
          const { request, response } = Object(message);
          if (request.url.endsWith(path)) responses.push(new WeakRef(response));
        };
        subscribe('http.server.request.start', see);
        undo.later(() => unsubscribe('http.server.request.start', see));
        const asked = fetch(`${client.url}/rest/v1/challenges/${challenge.id}${path}`, {
          headers: { authorization: `Bearer ${keys.shop}` },
        });
        while ((await metric(`pushgate_result_waiters{kind="${kind}"}`)) !== 1);
        // when memory is collected
        thisProcess().collect();
        // then it is gone, and the answer still arrives
        assert.deepEqual(
          responses.map((each) => each.deref() === undefined),
          [true],
        );
        await accepts(challenge);
        assert.match(await (await asked).text(), /"status":"accepted"/);
      });
  });
});
