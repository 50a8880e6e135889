import assert from 'node:assert/strict';
import { minutes } from '../../../kit/clock.ts';
import { givenGateway } from '../../../kit/gateway.ts';
import { opsClient } from '../../../kit/operator.ts';
import { cleanup } from '../../../kit/temporary.ts';

describe('The login of operators', function () {
  this.timeout(30_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  const given = async () => {
    const gateway = await givenGateway(undo);
    const password = gateway.gateway.firstPassword ?? '';
    const ops = opsClient(gateway.client.url, {});
    const logIn = (username: string, given: string) => ops('POST', '/ops/auth', { username, password: given });
    return { ...gateway, ops, logIn, password };
  };
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

  it('gives a token that is good until it is ended, or its time is over', async () => {
    const { ops, logIn, password, clock } = await given();
    const { status, body } = await logIn('admin', password);
    assert.deepEqual([status, body.username, Date.parse(body.expiresAt) - clock()], [200, 'admin', minutes(60)]);
    const second = (await logIn('admin', password)).body.token;
    const asked = async (token: string) => (await ops('GET', '/ops/tokens', undefined, bearer(token))).status;
    assert.deepEqual([await asked(body.token), await asked(second)], [200, 200]);
    const ended = await ops('DELETE', '/ops/auth', undefined, bearer(body.token));
    assert.deepEqual(ended.body, { username: 'admin', ended: true });
    assert.deepEqual([await asked(body.token), await asked(second)], [401, 200]);
    clock.advance(minutes(60));
    assert.equal(await asked(second), 401);
    assert.equal((await ops('DELETE', '/ops/auth')).status, 401);
  });

  it('tells a wrong name and a wrong password alike, and turns away who guesses', async () => {
    const { logIn, password, logged } = await given();
    const [name, wrong] = [await logIn('nobody', password), await logIn('admin', 'guess-0')];
    assert.deepEqual([name.status, name.body], [wrong.status, wrong.body]);
    assert.equal(name.status, 401);
    for (let guess = 1; guess < 10; guess += 1) await logIn('admin', `guess-${guess}`);
    const turnedAway = await logIn('admin', password);
    assert.deepEqual([turnedAway.status, turnedAway.body.error.code], [429, 'turned-away']);
    assert.doesNotMatch(JSON.stringify(logged), new RegExp(`guess-|${password}`));
  });

  it('wants a name and a password', async () => {
    const { ops } = await given();
    for (const body of [undefined, {}, { username: 'admin' }, { username: '', password: 'x' }, { username: 'a', password: 1 }, []])
      assert.equal((await ops('POST', '/ops/auth', body)).status, 400, JSON.stringify(body));
  });
});
