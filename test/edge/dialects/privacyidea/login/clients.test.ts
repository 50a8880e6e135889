import assert from 'node:assert/strict';
import { givenGateway } from '../../../../kit/gateway.ts';
import { cleanup } from '../../../../kit/temporary.ts';

/** The requests of real plug-ins, as docs/protocols/privacyidea.md 14 records them. */
describe('Plug-ins of privacyIDEA 3.14', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  const odd = 'p+ä%41 &=@';

  it('FreeRADIUS logs in with a form that is encoded twice, and its State', async () => {
    // given a user whose PIN has all that encoding can break
    const { client, phoneOf } = await givenGateway(undo);
    const phone = await phoneOf('alice', { pin: encodeURIComponent(odd) });
    const twice = (text: string) => encodeURIComponent(encodeURIComponent(text));
    const radius = (body: string) =>
      client.send('/validate/check', {
        method: 'POST',
        body,
        headers: { 'content-type': 'application/x-www-form-urlencoded', 'user-agent': 'FreeRADIUS' },
      });
    // when the plug-in sends user and password, the phone says yes, and the user sends any answer with the State
    const started = await radius(`user=${twice('alice')}&pass=${twice(odd)}&client=10.1.1.1&resConf=`);
    const state = String(started.body.detail.transaction_id);
    await phone.answer((await phone.poll()).body.result.value[0].nonce);
    const finished = await radius(`user=${twice('alice')}&pass=&state=${state}&client=10.1.1.1`);
    // then it can read all that it looks at
    assert.deepEqual([started.body.result.value, started.body.result.status, typeof started.body.detail.message], [false, true, 'string']);
    assert.match(state, /^\d{1,64}$/);
    assert.equal(finished.body.result.value, true);
  });

  it('FreeRADIUS recognizes an unknown user by code 904, and never gets a truthy value with an error', async () => {
    const { client } = await givenGateway(undo);
    const { status, body } = await client.post(
      '/validate/check',
      { user: 'bob', realm: 'nowhere', pass: 'x' },
      { 'user-agent': 'FreeRADIUS' },
    );
    assert.equal(status, 400);
    assert.equal(body.result.error?.code, 904);
    assert.match(body.result.error?.message ?? '', /^ERR904: User <bob@nowhere> does not exist\.$/);
    assert.ok(!body.result.value);
  });

  it('java-client decodes the token with plain base64, triggers, polls by query, and finishes', async () => {
    // given the plug-in's service account
    const { client, gateway, clock, phoneOf } = await givenGateway(undo);
    const phone = await phoneOf('alice');
    const headers = { 'user-agent': 'privacyIDEA-Keycloak/1.5.0' };
    const twice = (text: string) => encodeURIComponent(encodeURIComponent(text));
    const form = (body: string, more: Record<string, string> = {}) => ({
      method: 'POST',
      body,
      headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded', ...more },
    });
    const auth = await client.send('/auth', form(`username=admin&password=${twice(gateway.firstPassword ?? '')}`));
    // when it reads the middle part of the JWT as java.util.Base64 does
    const jwt: string = auth.body.result.value.token;
    const middle = jwt.split('.')[1] ?? '';
    assert.match(middle, /^[A-Za-z0-9+/]+$/);
    const claims = JSON.parse(Buffer.from(middle, 'base64').toString());
    assert.equal(claims.exp, Math.floor(clock() / 1000) + 3600);
    assert.equal(typeof auth.body.time, 'number');
    const triggered = await client.send('/validate/triggerchallenge', form('user=alice&realm=', { authorization: jwt }));
    await phone.answer((await phone.poll()).body.result.value[0].nonce);
    const id = triggered.body.detail.transaction_id;
    const polled = await client.send(`/validate/polltransaction?transaction_id=${twice(id)}`, { headers });
    const finished = await client.send('/validate/check', form(`user=alice&pass=&transaction_id=${id}`));
    // then every field that it parses is there
    assert.deepEqual([triggered.body.result.value, triggered.body.detail.preferred_client_mode], [1, 'poll']);
    for (const field of ['serial', 'message', 'client_mode', 'transaction_id', 'type', 'attributes'])
      assert.ok(triggered.body.detail.multi_challenge[0][field], field);
    assert.equal(polled.body.detail.challenge_status, 'accept');
    assert.equal(finished.body.result.authentication, 'ACCEPT');
    const list = await client.send('/token/?user=alice', { headers: { ...headers, authorization: jwt } });
    for (const value of Object.values(list.body.result.value.tokens[0].info))
      assert.ok(['string', 'number', 'boolean'].includes(typeof value));
  });

  it('sdk-php sends multipart bodies, and an unencoded query that ends in &', async () => {
    const { client, phoneOf } = await givenGateway(undo);
    const phone = await phoneOf('alice');
    const multipart = (fields: Record<string, string>) => {
      const body = new FormData();
      for (const [name, value] of Object.entries(fields)) body.set(name, value);
      return client.send('/validate/check', { method: 'POST', body, headers: { 'user-agent': 'simpleSAMLphp' } });
    };
    const started = await multipart({ user: 'alice', pass: '1234' });
    await phone.answer((await phone.poll()).body.result.value[0].nonce);
    const id = started.body.detail.transaction_id;
    const polled = await client.send(`/validate/polltransaction?transaction_id=${id}&`, { headers: { 'user-agent': 'simpleSAMLphp' } });
    const finished = await multipart({ user: 'alice', pass: '', transaction_id: id });
    assert.deepEqual(
      started.body.detail.multi_challenge.map((each: { type: string }) => each.type),
      ['push'],
    );
    assert.equal(polled.body.result.value, true);
    assert.equal(finished.body.result.value, true);
  });

  it('PAM finds a boolean, a text and the push challenge where it expects them', async () => {
    const { client, phoneOf } = await givenGateway(undo);
    await phoneOf('alice');
    const { body } = await client.post('/validate/check', { user: 'alice', pass: '1234' }, { 'user-agent': 'PAM/1.1.0' });
    assert.strictEqual(body.result.value, false);
    assert.equal(typeof body.detail.transaction_id, 'string');
    assert.deepEqual(
      body.detail.multi_challenge.map((each: { type: string; client_mode: string }) => [each.type, each.client_mode]),
      [['push', 'poll']],
    );
  });

  it('a remote token of another server passes the PIN encoded once more', async () => {
    const { client, phoneOf } = await givenGateway(undo);
    await phoneOf('alice', { pin: encodeURIComponent(odd) });
    const reply = await client.post(
      '/validate/check',
      { user: 'alice', pass: encodeURIComponent(odd) },
      { 'user-agent': 'python-requests/2.31' },
    );
    assert.equal(reply.body.result.authentication, 'CHALLENGE');
  });

  it('JSON bodies and GET are accepted, and JSON is not decoded a second time', async () => {
    const { client, phoneOf } = await givenGateway(undo);
    await phoneOf('alice', { pin: '50%2541' });
    const json = await client.send('/validate/check', {
      method: 'POST',
      body: JSON.stringify({ user: 'alice', pass: '50%41' }),
      headers: { 'content-type': 'application/json' },
    });
    const query = await client.get('/validate/check', { user: 'alice', pass: '50%2541' });
    assert.equal(json.body.result.authentication, 'CHALLENGE');
    assert.equal(query.body.result.authentication, 'CHALLENGE');
  });
});
