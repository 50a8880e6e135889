import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { type GivenGateways, givenGateways } from '../kit/gateways.ts';
import { type MongodProcess, mongodProcess } from '../kit/mongod-process.ts';
import type { PiReply } from '../kit/pi-client.ts';
import { type PiPhone, piPhone } from '../kit/pi-phone.ts';
import { cleanup } from '../kit/temporary.ts';

/** What a request has for the store is `settings.deliveryDeadlineMs`, 2 s; the rest is for a machine that is busy with other things. */
const deadlineMs = 3000;

describe('A gateway whose MongoDB stands still', function () {
  this.timeout(120_000);
  const undo = cleanup();
  let mongod: MongodProcess;
  let given: GivenGateways;
  let phone: PiPhone;
  let begun = '';

  before('starts both, with a login that has begun', async function () {
    const started = await mongodProcess(undo);
    if (!started) return this.skip();
    mongod = started;
    given = await givenGateways(undo, { count: 1, url: mongod.url, database: 'pushgate-test-stopped' });
    const { client } = given.nodes[0];
    const { body } = await client.post('/token/init', { type: 'push', genkey: '1', user: 'alice', pin: '1234' }, given.admin);
    phone = piPhone(client, { serial: body.detail.serial, credential: body.detail.enrollment_credential });
    assert.equal((await phone.rollout()).status, 200);
    begun = (await client.post('/validate/check', { user: 'alice', pass: '1234' })).body.detail.transaction_id;
    undo.later(() => mongod.resume());
  });
  after(() => undo.run());

  it('says so within the deadline of a delivery, and when to come again; afterwards all is as before', async () => {
    const { client } = given.nodes[0];
    const timed = async (asking: Promise<PiReply>) => {
      const start = performance.now();
      const { status, headers, body } = await asking;
      return { status, retry: headers.get('retry-after'), code: body.result.error?.code, ms: performance.now() - start };
    };
    // when it is stopped with every connection open
    mongod.pause();
    const replies = await Promise.all([
      timed(client.post('/validate/check', { user: 'alice', pass: '1234' })),
      timed(client.post('/validate/check', { user: 'alice', pass: '', transaction_id: begun })),
      timed(client.post('/validate/triggerchallenge', { user: 'alice' }, given.admin)),
      timed(phone.poll()),
    ]);
    // then everybody has a reply while they still wait for it
    for (const { ms, ...said } of replies) {
      assert.deepEqual(said, { status: 503, retry: '5', code: -500 });
      assert.ok(ms < deadlineMs, `it took ${ms} ms`);
    }
    // and when it goes on, so does the gateway
    mongod.resume();
    let ended: PiReply;
    do {
      await sleep(50);
      ended = await client.post('/validate/check', { user: 'alice', pass: '1234' });
    } while (ended.status === 503);
    assert.equal(ended.body.result.authentication, 'CHALLENGE');
  });
});
