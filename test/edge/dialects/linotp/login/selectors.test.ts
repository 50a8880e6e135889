import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { unlimited } from '../../../../kit/gateway.ts';
import { givenLinotpGateway, type LinotpGateway, type LinotpReply } from '../../../../kit/linotp-gateway.ts';
import { cleanup, temporaryFolder } from '../../../../kit/temporary.ts';

/**
 * The selectors of LinOTP requests, call by call. `staff` and `partners` are sources of the realm corp, and each
 * has an alice: STAFF is the push token of the one, PARTNER that of the other; BOB is bob's.
 */
type Row = [path: string, params: Record<string, string>, told: string];

const alice = { user: 'alice' };
const partner = { ...alice, resConf: 'partners' };
const ask = { pass: '1234', data: 'x' };

const rows: readonly Row[] = [
  ['/validate/check', { ...alice, ...ask }, 'STAFF'],
  ['/validate/check', { ...alice, ...ask, resConf: '' }, 'STAFF'],
  ['/validate/check', { ...partner, ...ask }, 'PARTNER'],
  ['/validate/check', { ...alice, ...ask, resConf: 'Partners (passwdresolver)' }, 'PARTNER'],
  ['/validate/check', { ...alice, ...ask, resConf: 'nosuch' }, 'false'],
  ['/validate/check', { ...alice, ...ask, resolver: 'partners' }, 'STAFF'],
  ['/validate/check', { ...alice, ...ask, token_type: 'push' }, 'STAFF'],
  ['/validate/check', { ...alice, ...ask, token_type: 'hmac' }, 'false'],
  ['/validate/check', { ...partner, ...ask, serial: 'PARTNER' }, 'PARTNER'],
  ['/validate/check', { ...partner, ...ask, serial: 'STAFF' }, 'false'],
  ['/validate/check', { ...alice, ...ask, serial: 'PARTNER' }, 'false'],
  ['/validate/check', { user: 'bob', ...ask, serial: 'STAFF' }, 'false'],
  ['/validate/check_s', { ...ask, serial: 'PARTNER' }, 'PARTNER'],
  ['/validate/check_s', { ...ask, serial: 'PARTNER', resConf: 'staff' }, 'PARTNER'],
  ['/validate/check_s', { ...ask, serial: 'PARTNER', token_type: 'hmac' }, 'false'],
  ['/admin/show', alice, 'STAFF'],
  ['/admin/show', partner, 'PARTNER'],
  ['/admin/show', { ...alice, resConf: 'nosuch' }, 'none'],
  ['/admin/show', { ...partner, serial: 'STAFF' }, 'none'],
  ['/admin/show', { serial: 'BOB', viewrealm: 'corp' }, 'BOB'],
  ['/admin/show', { serial: 'BOB', viewrealm: '*' }, 'BOB'],
  ['/admin/show', { viewrealm: 'nosuch' }, 'none'],
  ['/admin/show', { serial: 'BOB', filter: 'x' }, '905'],
  ['/admin/checkstatus', { ...partner, serial: 'STAFF' }, 'none'],
  ...['reset', 'set'].flatMap((call): Row[] => [
    [`/admin/${call}`, { ...partner, pin: '1234' }, '1'],
    [`/admin/${call}`, { ...partner, serial: 'PARTNER', pin: '1234' }, '1'],
    [`/admin/${call}`, { ...partner, serial: 'STAFF', pin: '1234' }, '0'],
    [`/admin/${call}`, { user: 'bob', serial: 'STAFF', pin: '1234' }, '0'],
    [`/admin/${call}`, { ...alice, resConf: 'nosuch', pin: '1234' }, '0'],
  ]),
  ['/admin/remove', { ...alice, resConf: 'nosuch' }, '0'],
  ['/admin/init', { type: 'push', ...alice, resConf: 'nosuch' }, '-311'],
];

describe('The selectors of a LinOTP request', () => {
  const undo = cleanup();
  after(() => undo.run());
  let given: LinotpGateway;

  before(async () => {
    const folder = temporaryFolder(undo);
    const source = (name: string, users: readonly object[]) => {
      writeFileSync(join(folder, name), JSON.stringify(users));
      return { name, kind: 'file', config: { file: join(folder, name) } };
    };
    const userSources = [
      source('staff', [{ username: 'alice', userid: '7' }, { username: 'bob' }]),
      source('partners', [{ username: 'alice', userid: '99' }]),
    ];
    const realms = [{ name: 'corp', default: true, users: ['staff', 'partners'] }];
    given = await givenLinotpGateway(undo, { policies: [unlimited], more: { realms, userSources } });
    await given.active('alice', { serial: 'STAFF' });
    await given.active('alice', { serial: 'PARTNER', resConf: 'partners' });
    await given.active('bob', { serial: 'BOB' });
  });

  /** The serials that were asked or listed, the number of changed ones, or the number of a refusal. */
  function toldBy({ json: { result, detail } }: LinotpReply): string {
    if (result.error) return String(result.error.code);
    const rowsOf: Record<string, string>[] | undefined = result.value?.data;
    if (rowsOf) return rowsOf.map((row) => row['LinOtp.TokenSerialnumber']).join(' ') || 'none';
    if (result.value?.values) return Object.keys(result.value.values).join(' ') || 'none';
    return detail?.linotp_tokenserial ?? String(result.value);
  }

  for (const [path, params, told] of rows) {
    const named = Object.entries(params).flatMap(([name, value]) => (['pass', 'data', 'pin'].includes(name) ? [] : [`${name}=${value}`]));
    it(`${path} ${named.join(' ')}: ${told}`, async () => {
      given.clock.advance(1);
      const reply = await (path.startsWith('/admin') ? given.postAsAdmin : given.post)(path, params);
      assert.equal(toldBy(reply), told, reply.text);
    });
  }

  it('the status of a login is shown to the user who began it, and to no namesake', async () => {
    given.clock.advance(1);
    const { transactionid } = (await given.post('/validate/check', { ...partner, ...ask })).json.detail;
    const status = async (params: Record<string, string>) =>
      (await given.post('/validate/check_status', { ...params, transactionid, pass: '1234' })).json.result.value;
    assert.deepEqual([await status(partner), await status({}), await status(alice)], [true, true, false]);
    assert.deepEqual([await status({ ...alice, resConf: 'staff' }), await status({ ...alice, resConf: 'nosuch' })], [false, false]);
  });
});
