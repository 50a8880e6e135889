import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createKeyringFile } from '../../../src/foundation/keyring/index.ts';
import { type GatewayWishes, type GivenGateway, givenGateway } from '../../kit/gateway.ts';
import { dropDatabase, givenMongo } from '../../kit/mongod.ts';
import { piPhone } from '../../kit/pi-phone.ts';
import { cleanup, temporaryFolder } from '../../kit/temporary.ts';

describe('Two gateways on one MongoDB', function () {
  this.timeout(60_000);
  const mongo = givenMongo();
  const undo = cleanup();
  afterEach(() => undo.run());

  /** Two gateways that share only the database and the keyring. */
  const givenTwo = async (policies: GatewayWishes['policies'] = []): Promise<[GivenGateway, GivenGateway]> => {
    const database = mongo.database();
    undo.later(() => dropDatabase(mongo.url(), database));
    const keyring = join(temporaryFolder(undo), 'keyring.json');
    createKeyringFile(keyring, 0);
    const wishes = {
      policies,
      more: { store: { kind: 'mongodb', url: { $env: 'MONGODB_URL' }, database }, keyring: { $env: 'KEYRING' } },
      environment: { MONGODB_URL: mongo.url(), KEYRING: readFileSync(keyring, 'utf8') },
    };
    return [await givenGateway(undo, wishes), await givenGateway(undo, wishes)];
  };

  it('let a login begin at one and be answered at the other, and be finished exactly once', async () => {
    const [one, two] = await givenTwo();
    // given a phone that was enrolled at the first gateway, and a challenge from there
    const phone = await one.phoneOf('alice');
    const { id, nonce } = await one.challenge('alice', phone);
    // when the phone finds it at the second, and answers there
    const elsewhere = piPhone(two.client, { serial: phone.serial, credential: '', clock: two.clock });
    const waiting = (await elsewhere.poll()).body.result.value;
    assert.deepEqual(
      waiting.map((challenge: { nonce: string }) => challenge.nonce),
      [nonce],
    );
    const answered = await elsewhere.answer(nonce);
    assert.equal(answered.body.result.value, true, answered.text);
    // and the auth server asks both to finish it, eight times at once
    const finishes = await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        (index % 2 === 0 ? one : two).client.post('/validate/check', { user: 'alice', pass: '', transaction_id: id }),
      ),
    );
    // then exactly one of them gets ACCEPT, and the login is counted once
    const said = finishes.map(({ body }) => body.result.authentication ?? '').sort();
    assert.deepEqual(said, ['ACCEPT', ...Array.from({ length: 7 }, () => 'REJECT')]);
    assert.equal(finishes.filter(({ body }) => body.result.value === true).length, 1);
    await Promise.all([one.gateway.settled(), two.gateway.settled()]);
    const listed = await one.client.get('/token/', { serial: phone.serial }, one.admin);
    assert.equal(listed.body.result.value.tokens[0].info.count_auth_success, '1', listed.text);
  });

  it('let a request wait at one and release it by the answer given at the other', async () => {
    const [one, two] = await givenTwo([{ name: 'wait', scope: 'authentication', actions: { push_wait: 60 } }]);
    const phone = await one.phoneOf('alice');
    const elsewhere = piPhone(two.client, { serial: phone.serial, credential: '', clock: two.clock });
    const login = one.client.post('/validate/check', { user: 'alice', pass: '1234' });
    let waiting = (await elsewhere.poll()).body.result.value;
    while (waiting.length === 0) waiting = (await elsewhere.poll()).body.result.value;
    assert.equal((await elsewhere.answer(waiting[0].nonce)).body.result.value, true);
    assert.equal((await login).body.result.authentication, 'ACCEPT');
  });

  it('believe the same administrators, and refuse an answer again at the other', async () => {
    const [one, two] = await givenTwo();
    const phone = await one.phoneOf('bob');
    assert.equal((await two.client.get('/token/', {}, one.admin)).body.result.value.count, 1);
    const { nonce } = await one.challenge('bob', phone);
    const elsewhere = piPhone(two.client, { serial: phone.serial, credential: '', clock: two.clock });
    const [yes, no] = await Promise.all([phone.answer(nonce), elsewhere.answer(nonce, { decline: true })]);
    assert.equal([yes, no].filter(({ body }) => body.result.value === true).length, 1, `${yes.text}\n${no.text}`);
    // the identical answer again gets the first reply, at either gateway
    const winner = yes.body.result.value === true ? {} : { decline: true };
    assert.equal((await elsewhere.answer(nonce, winner)).body.result.value, true);
    assert.equal((await phone.answer(nonce, winner)).body.result.value, true);
  });

  it('are not ready when their clock is far from that of the database', async () => {
    const [one] = await givenTwo();
    one.clock.advance(Date.now() - one.clock() + 60_000);
    const reply = await fetch(`${one.client.url}/readyz`);
    const { checks }: { checks: { name: string; ok: boolean }[] } = JSON.parse(await reply.text());
    assert.equal(reply.status, 503);
    assert.deepEqual(
      checks.filter(({ ok }) => !ok).map(({ name }) => name),
      ['clock'],
    );
    // and the metrics tell how far it is ahead, until it is right again
    const skew = async () =>
      Number(/^pushgate_clock_skew_seconds (\S+)$/m.exec(await (await fetch(`${one.client.url}/metrics`)).text())?.[1]);
    assert.equal(Math.round(await skew()), 60);
    one.clock.advance(Date.now() - one.clock());
    assert.equal((await fetch(`${one.client.url}/readyz`)).status, 200);
    assert.ok(Math.abs(await skew()) < 1);
  });

  it('are ready while the database is, and do not start without the keyring', async () => {
    const [one] = await givenTwo();
    one.clock.advance(Date.now() - one.clock());
    assert.equal((await fetch(`${one.client.url}/readyz`)).status, 200);
    const more = { store: { kind: 'mongodb', url: { $env: 'MONGODB_URL' }, database: mongo.database() }, keyring: { $env: 'KEYRING' } };
    await assert.rejects(givenGateway(undo, { more, environment: { MONGODB_URL: mongo.url() } }), {
      code: 'config-invalid',
      message: /keyring/,
    });
  });
});
