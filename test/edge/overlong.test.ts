import assert from 'node:assert/strict';
import { givenLinotpGateway, type LinotpGateway } from '../kit/linotp-gateway.ts';
import { cleanup } from '../kit/temporary.ts';

const long = 'a'.repeat(257);
const json = (values: object) => ({
  method: 'POST',
  body: JSON.stringify(values),
  headers: { 'content-type': 'application/json' },
});

const condition = { section: 'HTTP Request header', key: 'X-Zone', comparator: '!matches', value: '(a+)+' };
const parameter = { ...condition, section: 'Request Data', key: 'zone' };
const off = { ...condition, key: 'X-Other', active: false };
const policies = [
  { name: 'zones', scope: 'authentication', match: { conditions: [condition, parameter, off] }, actions: { push_title_on_mobile: 'Zone' } },
  { name: 'nobody', scope: 'authentication', match: { user: ['*svc*adm*'] }, actions: { mangle: 'user/^x(.*)$/\\1\\1/' } },
];

describe('An overlong text', function () {
  this.timeout(60_000);
  const undo = cleanup();
  let given: LinotpGateway;
  before(async () => {
    const mounts = [
      { path: '/linotp', serves: 'linotp' },
      { path: '/', serves: 'privacyidea', publicPoll: true },
      { path: '/edumfa', serves: 'privacyidea', flavour: 'edumfa', publicPoll: true },
      { path: '/cs', serves: 'challenge-service' },
      { path: '/', serves: 'ops' },
    ];
    given = await givenLinotpGateway(undo, { mounts, policies });
  });
  after(() => undo.run());

  const refusals: [what: string, parameter: string, path: string, init: RequestInit][] = [
    ['a user in a form', 'user', '/validate/check', { method: 'POST', body: new URLSearchParams({ user: long, pass: '1' }) }],
    ['a user in JSON', 'user', '/validate/check', json({ user: long, pass: '1' })],
    ['a user in a query', 'user', `/validate/check?user=${long}&pass=1`, {}],
    ['a realm', 'realm', '/validate/check', json({ user: 'alice', realm: long, pass: '1' })],
    ['a serial', 'serial', '/validate/check', json({ serial: long, pass: '1' })],
    ['a transaction', 'transaction_id', '/validate/check', json({ user: 'alice', pass: '', transaction_id: long })],
    ['a state', 'state', '/validate/check', json({ user: 'alice', pass: '', state: long })],
    ['a transaction in a path', 'transaction_id', `/validate/polltransaction/${long}`, {}],
    ['a transaction that is polled at eduMFA', 'transaction_id', `/edumfa/validate/polltransaction?transaction_id=${long}`, {}],
    ['a user of samlcheck', 'user', '/validate/samlcheck', json({ user: long, pass: '1' })],
    ['a serial in a path', 'serial', `/token/disable/${long}`, { method: 'POST' }],
    ['a user of a new token', 'user', '/token/init', json({ type: 'push', genkey: '1', user: long })],
    ['an administrator', 'username', '/auth', json({ username: long, password: 'x' })],
    ['a serial of a phone', 'serial', '/ttype/push', json({ serial: long, nonce: 'x', signature: 'x' })],
    ['a user that a policy made longer', 'user', '/validate/check', json({ user: `x${'svcadm'.repeat(40)}`, pass: '1' })],
  ];
  for (const [what, name, path, init] of refusals) {
    it(`is refused by the dialect of privacyIDEA: ${what}`, async () => {
      const { status, body } = await given.client.send(path, { ...init, headers: { ...given.admin, ...init.headers } });
      const message = `ERR905: Parameter ${name} has more than 256 characters.`;
      assert.deepEqual([status, body.result.status, body.result.error], [400, false, { code: 905, message }]);
    });
  }

  it('is refused as User-Name of RADIUS, and radiuscheck replies only with the status', async () => {
    const radius = await given.client.send('/radius/authorize', json({ 'User-Name': long, 'User-Password': 'x' }));
    assert.deepEqual([radius.status, radius.body.result.error?.code], [400, 905]);
    const reply = await fetch(`${given.client.url}/validate/radiuscheck`, json({ user: long, pass: '1' }));
    assert.deepEqual([reply.status, await reply.text()], [400, '']);
  });

  it("is refused in LinOTP's format: a plain refusal for phones and logins, error 905 elsewhere", async () => {
    for (const [path, form] of [
      ['/validate/check', { user: long, pass: '1' }],
      ['/validate/check_status', { user: 'alice', pass: '1', transactionid: long }],
      ['/validate/accept_transaction', { transactionid: long, signature: 'x' }],
    ] as const) {
      const { status, json: told, text } = await given.post(path, form);
      assert.deepEqual([status, told.result.value], [200, false], text);
      assert.equal(told.detail, undefined);
    }
    const shown = await given.postAsAdmin('/admin/show', { serial: long });
    assert.deepEqual(shown.json.result, {
      status: false,
      error: { code: 905, message: 'ERR905: parameter serial has more than 256 characters.' },
    });
  });

  it('is refused to operators and to LinOTP servers with a plain 400', async () => {
    for (const path of [`/ops/transactions/${long}`, `/ops/tokens/${long}/addresses`])
      assert.equal((await given.client.send(path, { headers: given.admin })).status, 400, path);
    const challenge = { challenge: { transactionId: '1'.repeat(257), gda: 'fcm.x', challenge: 'x' } };
    assert.equal((await fetch(`${given.client.url}/cs/v1/challenge`, json(challenge))).status, 400);
  });

  it('is refused where a rule matches it, header or parameter, and never truncated before the match', async () => {
    const zone = (headers: Record<string, string>, more = {}) =>
      given.client.post('/validate/check', { user: 'zoe', pass: '1', ...more }, headers);
    const refused = [await zone({ 'x-zone': 'a'.repeat(4097) }), await zone({}, { zone: 'a'.repeat(4097) })];
    assert.deepEqual(
      refused.map(({ status, body }) => [status, body.result.error?.message]),
      [
        [400, 'ERR905: Header X-Zone has more than 4096 characters.'],
        [400, 'ERR905: Parameter zone has more than 4096 characters.'],
      ],
    );
    // and a text that no rule matches, or that is just short enough, is accepted
    for (const fine of [await zone({ 'x-other': 'a'.repeat(5000) }), await zone({ 'x-zone': 'a'.repeat(4096) })])
      assert.equal(fine.body.detail.message, 'The user has no tokens assigned');
    const linotp = await given.post('/validate/check', { user: 'zoe', pass: '1' }, { 'x-zone': 'a'.repeat(4097) });
    assert.deepEqual([linotp.status, linotp.json.result.value], [200, false]);
    const service = await fetch(`${given.client.url}/cs/v1/challenge`, {
      ...json({ challenge: { transactionId: '123456789012', gda: 'fcm.x', challenge: 'x' } }),
      headers: { 'x-zone': 'a'.repeat(4097) },
    });
    assert.equal(service.status, 400);
  });
});
