import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createKeyringFile } from '../../../src/foundation/keyring/index.ts';
import { type GivenGateway, givenGateway } from '../../kit/gateway.ts';
import { dropDatabase, givenMongo } from '../../kit/mongod.ts';
import type { PiReply } from '../../kit/pi-client.ts';
import { cleanup, temporaryFolder } from '../../kit/temporary.ts';
import { type Command, type Monitor, monitorCommands, roundTrips } from './commands.ts';

/** Trails, effects and the audit: only these are written after the replies. */
const isBehind = ({ name, collection }: Command): boolean =>
  (name === 'update' && ['transactions', 'tokens'].includes(collection)) ||
  ['audit', 'auditWriters', 'auditNotes', 'personKeys'].includes(collection);
const text = ({ name, collection }: Command): string => `${name} ${collection}`;

describe('A login with MongoDB', function () {
  this.timeout(60_000);
  const mongo = givenMongo();
  const undo = cleanup();
  afterEach(() => undo.run());

  const givenMonitored = async (more: object = {}): Promise<GivenGateway & { monitor: Monitor }> => {
    const monitor = monitorCommands(undo);
    const database = mongo.database();
    undo.later(() => dropDatabase(mongo.url(), database));
    const keyring = join(temporaryFolder(undo), 'keyring.json');
    createKeyringFile(keyring, 0);
    const given = await givenGateway(undo, {
      more: { store: { kind: 'mongodb', url: { $env: 'MONGODB_URL' }, database }, keyring: { $env: 'KEYRING' } },
      environment: { MONGODB_URL: monitor.monitored(mongo.url()), KEYRING: readFileSync(keyring, 'utf8') },
      settings: { serverKeyStock: 1, ...more },
    });
    return { ...given, monitor };
  };

  /**
   * The commands that the driver sent for a request; waits for its background writes, so that they are not counted for
   * the next one.
   */
  const sentBy = async ({ gateway, monitor }: GivenGateway & { monitor: Monitor }, request: () => Promise<PiReply>) => {
    await gateway.settled();
    monitor.take();
    const reply = await request();
    await gateway.settled();
    const sent = monitor.take();
    return { reply, waited: sent.filter((command) => !isBehind(command)), behind: sent.filter(isBehind) };
  };

  it('waits for few round trips, and not for trails or effects', async () => {
    const given = await givenMonitored();
    const { client } = given;
    const phone = await given.phoneOf('alice');
    await given.challenge('alice', phone);
    // Challenges of the same millisecond have no order.
    given.clock.advance(1);
    // the bounds are those of the issue; the commands are listed exactly, so that a new one is noticed
    const trigger = await sentBy(given, () => client.post('/validate/check', { user: 'alice', pass: '1234' }));
    assert.deepEqual(trigger.waited.map(text), ['find tokens', 'insert transactions', 'find transactions']);
    assert.ok(roundTrips(trigger.waited) <= 3);
    const id: string = trigger.reply.body.detail.transaction_id;
    const status = await sentBy(given, () => client.get('/validate/polltransaction', { transaction_id: id }));
    assert.deepEqual(status.waited.map(text), ['find transactions']);
    const poll = await sentBy(given, () => phone.poll());
    assert.deepEqual(poll.waited.map(text), ['aggregate tokens']);
    const answer = await sentBy(given, () => phone.answer(poll.reply.body.result.value.at(-1).nonce));
    assert.deepEqual(answer.waited.map(text).sort(), ['find tokens', 'find transactions', 'findAndModify transactions']);
    assert.ok(roundTrips(answer.waited) <= 2);
    const finish = await sentBy(given, () => client.post('/validate/check', { user: 'alice', pass: '', transaction_id: id }));
    assert.equal(finish.reply.body.result.authentication, 'ACCEPT');
    assert.deepEqual(finish.waited.map(text).sort(), ['find tokens', 'find transactions', 'findAndModify transactions']);
    assert.equal(roundTrips(finish.waited), 2, 'what was asked for at once is one round trip');
    // and behind the replies: the trail of the delivery, the login on its push token, the effects that are done, and
    // what happened, in one write to the audit
    const behind = [trigger, status, poll, answer, finish].map((each) => each.behind.map(text).sort());
    const audit = ['insert audit', 'update auditWriters'];
    assert.deepEqual(behind, [
      [...audit, 'update transactions'],
      [],
      [],
      [...audit, 'update transactions'],
      [...audit, 'update tokens', 'update transactions'],
    ]);
  });

  it('waits for no counter where failures count per network', async () => {
    // given alice, who mistyped her PIN once since it was cached
    const given = await givenMonitored({ lockout: 'source' });
    const { client } = given;
    const phone = await given.phoneOf('alice');
    await given.challenge('alice', phone);
    const usual = await sentBy(given, () => client.post('/validate/check', { user: 'alice', pass: '1234' }));
    assert.deepEqual(usual.waited.map(text), ['find tokens', 'insert transactions', 'find transactions']);
    await client.post('/validate/check', { user: 'alice', pass: 'typo' });
    const after = await sentBy(given, () => client.post('/validate/check', { user: 'alice', pass: '1234' }));
    assert.equal(after.reply.body.result.authentication, 'CHALLENGE');
    assert.deepEqual(after.waited.map(text), ['find tokens', 'insert transactions', 'find transactions']);
  });

  it('writes trails and effects of many logins in few bulk writes, one at a time per collection', async () => {
    const given = await givenMonitored();
    const { client, gateway, monitor } = given;
    const names = Array.from({ length: 16 }, (_, number) => `user${number}`);
    const phones = await Promise.all(names.map((name) => given.phoneOf(name)));
    await gateway.settled();
    monitor.take();
    // when many log in at the same time
    await Promise.all(
      names.map(async (user, index) => {
        const started = await client.post('/validate/check', { user, pass: '1234' });
        const [shown] = (await phones[index]?.poll())?.body.result.value ?? [];
        await phones[index]?.answer(shown.nonce);
        await client.post('/validate/check', { user, pass: '', transaction_id: started.body.detail.transaction_id });
      }),
    );
    await gateway.settled();
    // then what goes behind the replies goes together
    const sent = monitor.take().filter((command) => isBehind(command) && command.name !== 'find');
    for (const collection of ['tokens', 'transactions', 'audit']) {
      const bulks = sent.filter((command) => command.collection === collection);
      assert.ok(bulks.length > 0);
      for (const [index, { began }] of bulks.entries())
        assert.ok(index === 0 || (bulks[index - 1]?.ended ?? 0) < began, `two bulk writes of ${collection} at once`);
    }
    assert.ok(sent.length < 3 * names.length, `${sent.length} bulk writes for ${3 * names.length} things to write`);
    const { body } = await client.get('/token/', {}, given.admin);
    assert.equal(body.result.value.count, names.length);
  });
});
