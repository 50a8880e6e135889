import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { type GivenGateway, givenGateway } from '../kit/gateway.ts';
import type { PiReply } from '../kit/pi-client.ts';
import { cleanup } from '../kit/temporary.ts';

const form = { 'content-type': 'application/x-www-form-urlencoded' };
const json = { 'content-type': 'application/json' };
const paths = ['/validate/check', '/validate/triggerchallenge', '/auth', '/token/init', '/token/setpin', '/ttype/push'];

describe('Bad input to a privacyIDEA mount', function () {
  this.timeout(60_000);
  const undo = cleanup();
  let given: GivenGateway;
  before(async () => {
    given = await givenGateway(undo);
  });
  after(() => undo.run());

  /** The dialect's own JSON error, with a status of the spec. */
  const assertRefused = ({ status, body, headers, text }: PiReply, what: string): void => {
    assert.ok(status >= 400 && status < 500, `${what}: ${status} ${text}`);
    assert.match(headers.get('content-type') ?? '', /^application\/json/, what);
    assert.deepEqual(
      [body.id, body.jsonrpc, body.result.status, typeof body.result.error?.code, typeof body.result.error?.message],
      [1, '2.0', false, 'number', 'string'],
      what,
    );
  };

  const bodies: [string, string | Uint8Array, Record<string, string>][] = [
    ['a form over 64 KiB', `user=${'a'.repeat(70_000)}`, form],
    ['a megabyte of nested JSON', '['.repeat(1_000_000), json],
    ['nested JSON below the limit', `{"user":${'['.repeat(30_000)}${']'.repeat(30_000)}}`, json],
    ['broken JSON', '{"user": "alice", ', json],
    ['a list where a record is expected', '[1, 2, 3]', json],
    ['a record where a text is expected', '{"user": {"name": "alice"}, "serial": {"a": 1}, "username": [], "type": {}}', json],
    ['a NUL in a value', 'user=al%00ice&serial=a%00b&username=a%00&type=pu%00sh', form],
    [
      'broken multipart',
      '--x\r\nContent-Disposition: form-data; name="user"\r\n\r\nalice',
      { 'content-type': 'multipart/form-data; boundary=x' },
    ],
    [
      'multipart whose part has no name',
      '--x\r\nContent-Disposition: form-data;\0 name="user"\r\n\r\nalice\r\n--x--\r\n',
      { 'content-type': 'multipart/form-data; boundary=x' },
    ],
    ['multipart without a boundary', 'user=alice', { 'content-type': 'multipart/form-data' }],
    ['bytes that are not UTF-8', 'user=al%ffice&serial=a%ff&username=a%ff&type=pu%ffsh', form],
    ['bytes of nothing', new Uint8Array([0xff, 0xfe, 0x00, 0x80]), { 'content-type': 'application/octet-stream' }],
    ['half a character', '{"user":"a\\ud800","serial":"a\\ud800","username":"\\udfff","type":"push\\ud800"}', json],
    ['nothing at all', '', form],
  ];
  for (const [what, body, headers] of bodies) {
    it(`answers ${what} with the error of the dialect, and changes nothing`, async () => {
      for (const path of paths)
        assertRefused(await given.client.send(path, { method: 'POST', body, headers: { ...headers, ...given.admin } }), `${path}: ${what}`);
      assert.equal((await given.client.get('/token/', {}, given.admin)).body.result.value.count, 0);
    });
  }

  it('reads broken escapes literally, and goes on', async () => {
    const reply = await given.client.send('/validate/check', { method: 'POST', body: 'user=%zz%2&pass=%', headers: form });
    assert.equal(reply.status, 200);
    assert.equal(reply.body.detail.message, 'The user has no tokens assigned');
  });

  it('answers unknown paths and methods in JSON', async () => {
    const unknown = await given.client.send('/validate/nonsense', { method: 'POST' });
    assert.equal(unknown.status, 404);
    assert.match(unknown.headers.get('content-type') ?? '', /json/);
    const wrong = [
      await given.client.send('/ttype/push', { method: 'PUT' }),
      await given.client.post('/validate/polltransaction', { transaction_id: '1' }),
    ];
    for (const { status, headers } of wrong) {
      assert.equal(status, 405);
      assert.match(headers.get('content-type') ?? '', /json/);
      assert.ok(headers.get('allow'));
    }
  });

  it('survives names of properties that every object has', async () => {
    const reply = await given.client.send('/validate/check', {
      method: 'POST',
      body: '{"__proto__": {"user": "admin"}, "constructor": "x", "pass": "y"}',
      headers: json,
    });
    assertRefused(reply, '__proto__');
    assert.equal(({} as Record<string, unknown>).user, undefined);
  });

  it('answers requests that are not HTTP, and survives', async () => {
    const { hostname, port } = new URL(given.client.url);
    for (const bytes of [
      'BREW /pot HTTP/1.1\r\nHost: x\r\n\r\n',
      '\x16\x03\x01\x00garbage',
      'GET /validate/check HTTP/1.1\r\n\r\n',
      'POST /auth HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
    ]) {
      const socket = connect(Number(port), hostname);
      let text = '';
      socket.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      socket.end(bytes);
      await once(socket, 'close');
      assert.match(text, /^HTTP\/1\.1 4\d\d/);
      assert.doesNotMatch(text, /<html/i);
    }
    assert.equal((await given.client.get('/livez')).status, 200);
  });

  it('logs no secret', async () => {
    // given a conversation with a PIN, a password, a credential, a nonce and a signature
    const phone = await given.phoneOf('alice', { pin: 'geheim-pin' });
    const { nonce } = await given.challenge('alice', phone, 'geheim-pin');
    await phone.answer(nonce);
    await given.client.post('/auth', { username: 'admin', password: 'geheim-passwort' });
    await given.client.get('/validate/check', { user: 'alice', pass: 'geheim-query' });
    // then none of it is logged
    const text = JSON.stringify(given.logged);
    assert.ok(given.logged.length > 5, 'something was logged');
    for (const secret of ['geheim', nonce, phone.sign(`${nonce}|${phone.serial}`).slice(0, 40), given.admin.authorization ?? 'none'])
      assert.ok(!text.includes(secret), secret);
  });
});
