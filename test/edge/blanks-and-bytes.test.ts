import assert from 'node:assert/strict';
import { givenLinotpGateway, type LinotpGateway } from '../kit/linotp-gateway.ts';
import { cleanup } from '../kit/temporary.ts';

const form = 'application/x-www-form-urlencoded';
const latin1 = (text: string) => new Uint8Array(Buffer.from(text, 'latin1'));
const asForm = (body: string): RequestInit => ({ method: 'POST', body: latin1(body), headers: { 'content-type': form } });
const asJson = (body: string): RequestInit => ({ method: 'POST', body: latin1(body), headers: { 'content-type': 'application/json' } });
const part = (name: string, value: string) => `--x\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
const asMultipart = (fields: Record<string, string>): RequestInit => ({
  method: 'POST',
  body: latin1(
    `${Object.entries(fields)
      .map(([name, value]) => part(name, value))
      .join('')}--x--\r\n`,
  ),
  headers: { 'content-type': 'multipart/form-data; boundary=x' },
});
const rlm = (values: Record<string, string>): RequestInit => asJson(JSON.stringify(values));

const mounts = [
  { path: '/', serves: 'privacyidea', publicPoll: true },
  { path: '/edumfa', serves: 'privacyidea', flavour: 'edumfa' },
  { path: '/latin', serves: 'privacyidea', encoding: 'latin-1' },
  { path: '/linotp', serves: 'linotp' },
  { path: '/linotp-latin', serves: 'linotp', encoding: 'latin-1' },
  { path: '/cs', serves: 'challenge-service' },
  { path: '/', serves: 'ops' },
];

/** A rule with a condition on a parameter. */
const isBen = { section: 'Request Data', key: 'user', comparator: 'matches', value: 'ben' };
const notBen = { name: 'not ben', scope: 'authorization', match: { conditions: [isBen] }, actions: { authorized: 'deny_access' } };

describe('Blanks, NUL and bytes that are not UTF-8', function () {
  this.timeout(60_000);
  const undo = cleanup();
  let given: LinotpGateway;
  before(async () => {
    given = await givenLinotpGateway(undo, { mounts, policies: [{ name: 'simple', actions: { push_without_data: true } }, notBen] });
    await given.phoneOf('bob');
    await given.active('lin', { pin: '1234' });
    await given.phoneOf('green', { pin: 'grün' });
  });
  after(() => undo.run());

  const send = async (path: string, init: RequestInit = {}) => {
    const reply = await fetch(`${given.client.url}${path}`, { ...init, headers: { ...given.admin, ...init.headers } });
    const text = await reply.text();
    return { status: reply.status, text, json: text.startsWith('{') ? JSON.parse(text) : {} };
  };

  describe('Blanks around a name', () => {
    const challenged = /"authentication":\s*"CHALLENGE"/;
    const rows: [what: string, path: string, init: RequestInit, status: number, expected: RegExp][] = [
      ['a user in a form', '/validate/check', asForm('user=bob%20&pass=1234'), 200, challenged],
      ['a user after a blank', '/validate/check', asForm('user=+bob&pass=1234'), 200, challenged],
      ['a realm', '/validate/check', asForm('user=bob&realm=corp%20&pass=1234'), 200, challenged],
      ['a user and a realm in one', '/validate/check', asForm('user=bob%20%40corp%09&pass=1234'), 200, challenged],
      ['a user in a query', '/validate/check?user=bob%20&pass=1234', {}, 200, challenged],
      ['a user in multipart', '/validate/check', asMultipart({ user: 'bob ', pass: '1234' }), 200, challenged],
      ['a user in JSON', '/validate/check', asJson('{"user":" bob ","pass":"1234"}'), 200, challenged],
      ['a user that is encoded twice', '/validate/check', asForm('user=bob%2520&pass=1234'), 200, challenged],
      ['a user of samlcheck', '/validate/samlcheck', asForm('user=bob%20&pass=1234'), 200, challenged],
      ['a user of radiuscheck', '/validate/radiuscheck', asForm('user=%20&pass=1234'), 400, /^$/],
      ['a user of eduMFA', '/edumfa/validate/check', asForm('user=bob%20&pass=1234'), 200, challenged],
      ['a user whom an administrator asks', '/validate/triggerchallenge', asForm('user=bob%20&realm=corp%20'), 200, /"value":\s*1/],
      ['User-Name of RADIUS', '/radius/authenticate', rlm({ 'User-Name': 'bob ', 'User-Password': '1234' }), 200, /Access-Challenge/],
      ['the realm of RADIUS', '/radius/authenticate?realm=corp%20', rlm({ 'User-Name': 'bob', 'User-Password': '1234' }), 200, /Challenge/],
      ['User-Name of RADIUS alone', '/radius/authorize', rlm({ 'User-Name': ' ', 'User-Password': '1234' }), 404, /^$/],
      ['a user of a list', '/token/?user=bob%20', {}, 200, /"username":\s*"bob"/],
      ['a user of a new token', '/token/init', asForm('type=push&genkey=1&serial=NEW1&user=newbie%20'), 200, /"serial":\s*"NEW1"/],
      ['that user afterwards', '/token/?user=newbie', {}, 200, /"serial":\s*"NEW1"/],
      ['a serial', '/token/?serial=NEW1%20', {}, 200, /"serial":\s*"NEW1"/],
      ['a user of LinOTP', '/linotp/validate/check', asForm('user=lin%20&pass=1234'), 200, /"transactionid"/],
      ['a realm of LinOTP', '/linotp/validate/check?user=lin&realm=corp%20&pass=1234', {}, 200, /"transactionid"/],
      ['a user of simplecheck', '/linotp/validate/simplecheck', asForm('user=lin%20&pass=1234'), 200, /^:-\( \d+/],
      ["a user of LinOTP's administrator", '/linotp/admin/show?user=lin%20', {}, 200, /"User.username":\s*"lin"/],
    ];
    for (const [what, path, init, status, expected] of rows) {
      it(`mean nothing: ${what}`, async () => {
        const reply = await send(path, init);
        assert.equal(reply.status, status, reply.text);
        assert.match(reply.text, expected);
      });
    }

    it('mean nothing to a rule with a condition on the parameter', async () => {
      for (const user of ['ben', 'ben%20'])
        assert.match((await send('/validate/check', asForm(`user=${user}&pass=1`))).text, /not authorized/, user);
    });

    it('mean nothing where an administrator logs in, at either dialect', async () => {
      const password = given.gateway.firstPassword ?? '';
      assert.equal((await send('/auth', asForm(`username=admin%20&password=${password}`))).status, 200);
      assert.equal((await send('/linotp/admin/login', asForm(`username=admin%20&password=${password}`))).status, 200);
    });

    it('are part of a secret', async () => {
      assert.match((await send('/validate/check', asForm('user=bob&pass=1234%20'))).text, /wrong otp pin/);
      assert.equal((await send('/radius/authenticate', rlm({ 'User-Name': 'bob', 'User-Password': '1234 ' }))).status, 401);
      assert.equal((await send('/linotp/validate/check', asForm('user=lin&pass=1234%20'))).json.detail, undefined);
    });
  });

  describe('NUL that pads a text of RADIUS', () => {
    /** A row: the padded parameter, the path, and the reply. `pass` of the other dialects is never padded. */
    const rows: [what: string, path: string, init: RequestInit, status: number, reply: RegExp][] = [
      ['a password in a form', '/radius/authenticate', asForm('User-Name=bob&User-Password=1234%00%00'), 200, /Access-Challenge/],
      ['a password in JSON', '/radius/authenticate', rlm({ 'User-Name': 'bob', 'User-Password': '1234\0' }), 200, /Access-Challenge/],
      [
        'a password in a list',
        '/radius/authenticate',
        asJson('{"User-Name":"bob","User-Password":{"type":"string","value":["1234\\u0000"]}}'),
        200,
        /Access-Challenge/,
      ],
      ['a name', '/radius/authenticate', asForm('User-Name=bob%00&User-Password=1234'), 200, /Access-Challenge/],
      ['a password at authorize', '/radius/authorize', asForm('User-Name=bob&User-Password=1234%00'), 204, /^$/],
      ['a wrong password', '/radius/authenticate', asForm('User-Name=bob&User-Password=123%00'), 401, /refused/],
    ];
    for (const [what, path, init, status, reply] of rows)
      it(`means nothing: ${what}`, async () => {
        const sent = await send(path, { ...init, method: 'POST' });
        assert.equal(sent.status, status, sent.text);
        assert.match(sent.text, reply);
      });

    it('is refused within a text, and at other endpoints than those for RADIUS', async () => {
      assert.equal((await send('/radius/authenticate', asForm('User-Name=bob&User-Password=12%0034'))).status, 400);
      assert.equal((await send('/validate/check', asForm('user=bob&pass=1234%00'))).status, 400);
    });
  });

  describe('Bytes that are not UTF-8', () => {
    const refusal = (what: string) => ({ code: 905, message: `ERR905: ${what} has bytes that are not UTF-8.` });
    const rows: [what: string, path: string, init: RequestInit, named: string][] = [
      ['a PIN in a form', '/validate/check', asForm('user=bob&pass=gr%F6n'), 'Parameter pass'],
      ['a PIN in a form, not escaped', '/validate/check', asForm('user=bob&pass=gr\xf6n'), 'Parameter pass'],
      ['a PIN in a query', '/validate/check?user=bob&pass=gr%F6n', {}, 'Parameter pass'],
      ['a PIN in multipart', '/validate/check', asMultipart({ user: 'bob', pass: 'gr\xf6n' }), 'Parameter pass'],
      ['a PIN in JSON', '/validate/check', asJson('{"user":"bob","pass":"gr\xf6n"}'), 'The body'],
      ['a PIN in JSON of another type', '/validate/check', asForm('{"user":"bob","pass":"gr\xf6n"}'), 'The name of a parameter'],
      ['a user', '/validate/check', asForm('user=m%F6ller&pass=1'), 'Parameter user'],
      ['a realm', '/validate/check', asForm('user=bob&realm=%F6&pass=1'), 'Parameter realm'],
      ['a user of samlcheck', '/validate/samlcheck', asForm('user=m%F6ller&pass=1'), 'Parameter user'],
      ['a PIN of eduMFA', '/edumfa/validate/check', asForm('user=bob&pass=gr%F6n'), 'Parameter pass'],
      ['a user whom an administrator asks', '/validate/triggerchallenge', asForm('user=m%F6ller'), 'Parameter user'],
      ['User-Name of RADIUS', '/radius/authenticate', asJson('{"User-Name":"m\xf6ller","User-Password":"1"}'), 'The body'],
      ['User-Password of RADIUS', '/radius/authenticate', asForm('User-Name=bob&User-Password=gr%F6n'), 'Parameter User-Password'],
      ['the realm of RADIUS', '/radius/authenticate?realm=%F6', rlm({ 'User-Name': 'bob', 'User-Password': '1' }), 'Parameter realm'],
      ['the user of a new token', '/token/init', asForm('type=push&genkey=1&user=m%FCller'), 'Parameter user'],
      ['the PIN of a token', '/token/setpin', asForm('serial=X&otppin=gr%FCn'), 'Parameter otppin'],
      ['a serial in a path', '/token/disable/S%FC', { method: 'POST' }, 'The path'],
      ['a transaction in a path', '/validate/polltransaction/%FC', {}, 'The path'],
      ['an administrator', '/auth', asForm('username=%FC&password=x'), 'Parameter username'],
      ['what a phone sends', '/ttype/push', asForm('serial=%FC&nonce=x&signature=x'), 'Parameter serial'],
      ["the PIN of LinOTP's token", '/linotp/admin/set', asForm('serial=X&pin=gr%FCn'), 'Parameter pin'],
      ["a user of LinOTP's administrator", '/linotp/admin/show?user=m%FCller', {}, 'Parameter user'],
      ["JSON for LinOTP's administrator", '/linotp/admin/show', asJson('{"user":"m\xfcller"}'), 'The body'],
    ];
    for (const [what, path, init, named] of rows) {
      it(`are refused: ${what}`, async () => {
        const { json, text } = await send(path, init);
        assert.deepEqual(json.result?.error, refusal(named), text);
      });
    }

    it('are refused after the second decoding, with instructions', async () => {
      const { status, json } = await send('/validate/check', asForm('user=bob&pass=gr%25F6n'));
      assert.deepEqual([status, json.result.error.code], [400, 905]);
      assert.match(json.result.error.message, /^ERR905: Parameter pass has bytes .* twice, or have secondDecoding .* "never"\.$/);
    });

    it('are a plain refusal where LinOTP has no errors, and 400 in the other dialects', async () => {
      const { status, json } = await send('/linotp/validate/check', asForm('user=lin&pass=gr%F6n'));
      assert.deepEqual([status, json.result, json.detail], [200, { status: true, value: false }, undefined]);
      assert.equal((await send('/linotp/validate/simplecheck', asForm('user=lin&pass=%F6'))).text, ':-(');
      assert.equal((await send('/cs/v1/challenge', asJson('{"challenge":{"gda":"\xfc"}}'))).status, 400);
      assert.equal((await send('/cs/v1/devices/%FC', { method: 'DELETE' })).status, 400);
      assert.equal((await send('/ops/policy/explain', asJson('{"user":"\xfc"}'))).status, 400);
      assert.equal((await send('/ops/tokens/%FC/addresses')).status, 400);
    });

    it('do not matter in an unread body', async () => {
      const init = { method: 'POST', body: latin1('\xff\xfe'), headers: { 'content-type': 'application/octet-stream' } };
      assert.match((await send('/validate/check?user=bob&pass=1234', init)).text, /"CHALLENGE"/);
    });

    it('differ from U+FFFD, which a sender may write', async () => {
      await given.phoneOf('odd', { pin: '\ufffd' });
      assert.match((await send('/validate/check', asForm('user=odd&pass=%EF%BF%BD'))).text, /"CHALLENGE"/);
      assert.match((await send('/validate/check', asMultipart({ user: 'odd', pass: '\xef\xbf\xbd' }))).text, /"CHALLENGE"/);
      assert.match((await send('/validate/check', asJson('{"user":"odd","pass":"\xef\xbf\xbd"}'))).text, /"CHALLENGE"/);
    });

    const readable: [what: string, path: string, init: RequestInit][] = [
      ['a form', '/latin/validate/check', asForm('user=green&pass=gr%FCn')],
      ['a query', '/latin/validate/check?user=green&pass=gr%FCn', {}],
      ['multipart', '/latin/validate/check', asMultipart({ user: 'green', pass: 'gr\xfcn' })],
      ['JSON', '/latin/validate/check', asJson('{"user":"green","pass":"gr\xfcn"}')],
      ['the second decoding', '/latin/validate/check', asForm('user=green&pass=gr%25FCn')],
      ['UTF-8 beside it', '/latin/validate/check', asForm('user=green&pass=gr%C3%BCn')],
      ['RADIUS', '/latin/radius/authenticate', asJson('{"User-Name":"green","User-Password":"gr\xfcn"}')],
    ];
    for (const [what, path, init] of readable) {
      it(`are Latin-1 where the mount is configured so: ${what}`, async () => {
        assert.match((await send(path, init)).text, /CHALLENGE|Access-Challenge/);
        const wrong = {
          ...init,
          ...(init.body instanceof Uint8Array ? { body: init.body.map((byte) => (byte === 0xfc ? 0xf6 : byte)) } : {}),
        };
        if (init.body instanceof Uint8Array && init.body.includes(0xfc))
          assert.doesNotMatch((await send(path, wrong)).text, /CHALLENGE|Challenge/);
      });
    }

    it('are Latin-1 in a path there, and at a LinOTP mount with that setting', async () => {
      assert.match((await send('/latin/token/disable/S%FC', { method: 'POST' })).text, /"code":\s*601/);
      await given.postAsAdmin('/admin/set', { user: 'lin', pin: 'grün' });
      const check = (pass: string) => send('/linotp-latin/validate/check', asForm(`user=lin&pass=${pass}`));
      assert.match((await check('gr%FCn')).text, /"transactionid"/);
      assert.equal((await check('gr%F6n')).json.detail, undefined);
    });
  });
});
