import assert from 'node:assert/strict';
import { join } from 'node:path';
import { createKeyringFile } from '../../src/foundation/keyring/index.ts';
import { givenRest, keys } from '../edge/dialects/rest/given.ts';
import { openEvents } from '../kit/event-stream.ts';
import { dropDatabase, givenMongo } from '../kit/mongod.ts';
import { piPhone } from '../kit/pi-phone.ts';
import { cleanup, temporaryFolder } from '../kit/temporary.ts';

describe('Event streams of two gateways on one MongoDB', function () {
  this.timeout(60_000);
  const undo = cleanup();
  const mongo = givenMongo();
  afterEach(() => undo.run());

  const givenTwo = async () => {
    const keyring = join(temporaryFolder(undo), 'keyring.json');
    createKeyringFile(keyring, Date.now());
    const database = mongo.database();
    undo.later(() => dropDatabase(mongo.url(), database));
    const store = { kind: 'mongodb', url: { $env: 'MONGODB_URL' }, database };
    const wishes = { environment: { MONGODB_URL: mongo.url() }, more: { store, keyring: { $file: keyring } } };
    const one = await givenRest(undo, wishes);
    const two = await givenRest(undo, wishes);
    const phone = await one.phoneOf('alice');
    const follow = async (gateway: typeof one, path: string, after?: string) => {
      const headers = { authorization: `Bearer ${keys.shop}` };
      const client = await openEvents(`${gateway.client.url}/rest${path}`, after === undefined ? { headers } : { headers, after });
      undo.later(client.close);
      return client;
    };
    return { one, two, phone: piPhone(one.client, { serial: phone.serial, credential: '', clock: one.clock }), follow };
  };

  it('tell at one what the phone answers at the other, and go on at either', async () => {
    const { one, two, phone, follow } = await givenTwo();
    const { body } = await one.rest('POST /v1/challenges', { user: 'alice', mode: 'code' });
    const path = `/v1/challenges/${body.id}/events`;
    // given a client at the second gateway
    const stream = await follow(two, path);
    const first = await stream.next();
    assert.deepEqual([first?.id, first?.data.status], ['0', 'pending']);
    // when the phone answers at the first one
    await phone.answer((await phone.poll()).body.result.value[0].nonce);
    // then the second one tells it
    const shown = await stream.next();
    assert.deepEqual([shown?.id, shown?.data.status], ['1', 'code_shown']);
    // and a client that comes back to the first one gets what it has not seen
    stream.close();
    const again = await follow(one, path, shown?.id);
    await two.rest(`POST /v1/challenges/${body.id}/cancel`, {});
    assert.deepEqual(
      (await again.rest()).map(({ id, data }) => [id, data.status]),
      [['2', 'withdrawn']],
    );
  });

  it('tell all events of both in one order', async () => {
    const { one, two, follow } = await givenTwo();
    // given a client at each gateway
    const readers = [await follow(one, '/v1/events'), await follow(two, '/v1/events')];
    for (const reader of readers) assert.equal((await reader.next())?.event, 'ready');
    // when both gateways make and cancel challenges
    const ids = [];
    for (const { rest } of [one, two, one]) {
      const { body } = await rest('POST /v1/challenges', { user: 'alice' });
      await rest(`POST /v1/challenges/${body.id}/cancel`, {});
      ids.push(body.id);
    }
    // then both clients hear the same, with each number once
    const heard = [];
    for (const reader of readers) {
      const events = [];
      while (events.length < 6) events.push(await reader.next());
      heard.push(events.map((event) => [event?.id, event?.event, event?.data.data.id]));
    }
    assert.deepEqual(heard[0], heard[1]);
    const numbers = heard[0]?.map(([number]) => Number(number)) ?? [];
    assert.deepEqual(
      numbers,
      [...new Set(numbers)].sort((a, b) => a - b),
    );
    const told = heard[0]?.map(([, kind, id]) => `${kind} ${id}`) ?? [];
    assert.deepEqual(told.sort(), ids.flatMap((id) => [`challenge.created ${id}`, `challenge.withdrawn ${id}`]).sort());
    // and a client that comes back to the other gateway goes on where it stopped
    const again = await follow(two, '/v1/events', String(numbers[3]));
    assert.deepEqual([(await again.next())?.id, (await again.next())?.id], numbers.slice(4).map(String));
  });
});
