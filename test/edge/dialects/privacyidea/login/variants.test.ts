import assert from 'node:assert/strict';
import { type GivenGateway, givenGateway } from '../../../../kit/gateway.ts';
import { cleanup } from '../../../../kit/temporary.ts';

describe('Other forms of /validate/check', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  const radius = async ({ client }: GivenGateway, form: Record<string, string>) => {
    const reply = await fetch(`${client.url}/validate/radiuscheck`, { method: 'POST', body: new URLSearchParams(form) });
    return { status: reply.status, type: reply.headers.get('content-type') ?? '', text: await reply.text() };
  };

  it('radiuscheck reports by its status alone whether the login is accepted', async () => {
    // given a login that the phone has accepted
    const given = await givenGateway(undo);
    const phone = await given.phoneOf('alice');
    const { id, nonce } = await given.challenge('alice', phone);
    const second = { user: 'alice', pass: '', transaction_id: id };
    assert.equal((await radius(given, second)).status, 400);
    await phone.answer(nonce);
    // when the server finishes it, and then once more
    const finished = await radius(given, second);
    const again = await radius(given, second);
    // then only the first is a yes, and neither has a body
    assert.deepEqual([finished.status, finished.text], [204, '']);
    assert.deepEqual([again.status, again.text], [400, '']);
    assert.match(again.type, /^text\/plain/);
  });

  it('radiuscheck gives the same reply to a challenge, a wrong PIN and a broken request', async () => {
    const given = await givenGateway(undo);
    const phone = await given.phoneOf('alice');
    const forms: Record<string, string>[] = [
      { user: 'alice', pass: '1234' },
      { user: 'alice', pass: 'wrong' },
      { serial: 'NOPE', pass: '1234' },
      { user: 'alice', realm: 'nowhere', pass: '1234' },
      { pass: '1234' },
    ];
    for (const form of forms) {
      const reply = await radius(given, form);
      assert.deepEqual([reply.status, reply.text], [400, ''], JSON.stringify(form));
      assert.match(reply.type, /^text\/plain/);
    }
    // the first of them did start a login
    assert.equal((await phone.poll()).body.result.value.length, 1);
  });

  it('samlcheck is no accept during a challenge, and names the user after the yes', async () => {
    const { client, clock, phoneOf } = await givenGateway(undo);
    const phone = await phoneOf('alice');
    clock.advance(1);
    const started = await client.post('/validate/samlcheck', { user: 'alice', pass: '1234' });
    assert.deepEqual(
      [started.body.id, started.body.result.authentication, started.body.result.value],
      [2, 'CHALLENGE', { auth: false, attributes: {} }],
    );
    await phone.answer((await phone.poll()).body.result.value[0].nonce);
    const transaction_id = started.body.detail.transaction_id;
    const finished = await client.post('/validate/samlcheck', { user: 'alice', pass: '', transaction_id });
    assert.deepEqual(
      [finished.body.result.authentication, finished.body.result.value],
      ['ACCEPT', { auth: true, attributes: { username: 'alice', realm: 'corp' } }],
    );
    const wrong = await client.post('/validate/samlcheck', { user: 'alice', pass: 'wrong' });
    assert.deepEqual([wrong.body.result.authentication, wrong.body.result.value.auth], ['REJECT', false]);
  });

  it('unknown callers learn nothing from radiuscheck and samlcheck', async () => {
    const given = await givenGateway(undo, { more: { authServers: [{ name: 'vpn', networks: ['10.0.0.0/8'], mounts: ['/'] }] } });
    const phone = await given.phoneOf('alice');
    const form = { user: 'alice', pass: '1234' };
    assert.equal((await radius(given, form)).status, 400);
    assert.equal((await given.client.post('/validate/samlcheck', form)).body.result.error?.code, 303);
    assert.deepEqual((await phone.poll()).body.result.value, []);
  });

  it('initialize begins no login with a push token', async () => {
    const { client } = await givenGateway(undo);
    const { status, body } = await client.post('/validate/initialize', { type: 'push' });
    assert.deepEqual(
      [status, body.result.error],
      [400, { code: 905, message: "ERR905: Unsupported token type 'push' for authentication initialization!" }],
    );
    assert.equal((await client.get('/validate/initialize')).body.result.error?.message, 'ERR905: Missing parameter: type');
  });
});
