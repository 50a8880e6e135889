import assert from 'node:assert/strict';
import { givenGateway } from '../../../../kit/gateway.ts';
import { cleanup } from '../../../../kit/temporary.ts';

/** As `rlm_rest` of FreeRADIUS 3.2 writes it. */
const attributes = (values: Record<string, string>) =>
  Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, { type: name === 'State' ? 'octets' : 'string', value: [value] }]),
  );

describe('The endpoints for rlm_rest', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  const given = async () => {
    const gateway = await givenGateway(undo);
    const phone = await gateway.phoneOf('alice');
    const send = async (path: string, body: string | URLSearchParams, type = 'application/json') => {
      const headers =
        typeof body === 'string' ? { 'content-type': type, 'user-agent': 'FreeRADIUS 3.2.1' } : { 'user-agent': 'FreeRADIUS 3.2.1' };
      const reply = await fetch(`${gateway.client.url}/radius/${path}`, { method: 'POST', body, headers });
      const text = await reply.text();
      return { status: reply.status, text, json: text.startsWith('{') ? JSON.parse(text) : undefined };
    };
    const json = (path: string, values: Record<string, string>) => send(path, JSON.stringify(attributes(values)));
    return { ...gateway, phone, send, json };
  };

  it('authorize accepts a request with a name and a password, and returns nothing about the user', async () => {
    const { json } = await given();
    assert.equal((await json('authorize', { 'User-Name': 'alice', 'User-Password': 'any' })).status, 204);
    assert.equal((await json('authorize', { 'User-Name': 'nobody', 'User-Password': 'any' })).status, 204);
    assert.equal((await json('authorize', { 'User-Name': 'alice', 'CHAP-Password': '0x00' })).status, 404);
    assert.equal((await json('authorize', {})).status, 404);
  });

  it('authenticate challenges, rejects, and accepts by a State in hex digits', async () => {
    const { json, phone } = await given();
    const { status, json: reply } = await json('authenticate', { 'User-Name': 'alice', 'User-Password': '1234' });
    assert.equal(status, 200);
    const [state] = reply['reply:State'].value;
    assert.deepEqual(reply['control:Response-Packet-Type'], { op: ':=', do_xlat: false, value: ['Access-Challenge'] });
    assert.match(state, /^\d{20}$/);
    const finish = { 'User-Name': 'alice', 'User-Password': 'x', State: `0x${Buffer.from(state).toString('hex')}` };
    assert.equal((await json('authenticate', finish)).status, 401, 'not answered yet');
    await phone.answer((await phone.poll()).body.result.value[0].nonce);
    assert.deepEqual(await json('authenticate', finish), { status: 204, text: '', json: undefined });
    assert.equal((await json('authenticate', finish)).status, 401, 'once');
  });

  it('accept forms too, whose values are encoded once: nothing is decoded twice for this client', async () => {
    const { phoneOf, send } = await given();
    await phoneOf('bob', { pin: encodeURIComponent('a%41b') });
    const login = (pin: string) => send('authenticate?realm=corp', new URLSearchParams({ 'User-Name': 'bob', 'User-Password': pin }));
    assert.equal((await login('a%41b')).status, 200);
    assert.equal((await login('aAb')).status, 401);
  });

  it('authenticate refuses every user with the same text', async () => {
    const { json, send } = await given();
    const wrong = await json('authenticate', { 'User-Name': 'alice', 'User-Password': 'wrong' });
    const stranger = await json('authenticate', { 'User-Name': 'nobody', 'User-Password': '1234' });
    const elsewhere = await send('authenticate?realm=gone', JSON.stringify(attributes({ 'User-Name': 'alice', 'User-Password': '1234' })));
    assert.equal(wrong.status, 401);
    assert.deepEqual([stranger, elsewhere], [wrong, wrong]);
  });

  it('reply 400 to an invalid list of attributes: `invalid` for FreeRADIUS, and never a 500', async () => {
    const { send } = await given();
    const bodies = [
      '',
      'nonsense',
      '[]',
      '{"User-Name":{"value":[{}]}}',
      '{"User-Name":{"value":null}}',
      '{"User-Name":"a\\u0000b","User-Password":"x"}',
      '{}',
    ];
    for (const body of bodies) assert.equal((await send('authenticate', body)).status, 400, body);
  });
});
