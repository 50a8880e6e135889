import assert from 'node:assert/strict';
import { minutes } from '../../../../kit/clock.ts';
import { givenLinotpGateway, type LinotpGateway, type LinotpReply } from '../../../../kit/linotp-gateway.ts';
import { cleanup } from '../../../../kit/temporary.ts';

const refusalOf = ({ status, json }: LinotpReply) => [status, json.id, json.result?.status, json.result?.error];
const refused = (code: number, message: string) => [200, 1, false, { code, message }];
const rowOf = async ({ postAsAdmin }: LinotpGateway, serial: string) =>
  (await postAsAdmin('/admin/show', { serial })).json.result.value.data[0];

describe('Administration of push tokens through the LinOTP dialect', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  it('offers a push token, as JSON or as a picture', async () => {
    const { postAsAdmin } = await givenLinotpGateway(undo);
    const init = (form: Record<string, string>) => postAsAdmin('/admin/init', { type: 'push', user: 'alice', ...form });
    const { detail } = (await init({})).json;
    assert.match(detail.serial, /^KIPT0000[0-9A-F]{16}$/);
    assert.match(detail.pairing_url, /^lseqr:\/\/pair\/[\w-]+$/);
    assert.equal(detail.lse_qr_url.value, detail.pairing_url);
    const png = await init({ qr: 'png' });
    assert.deepEqual([png.status, png.type, png.text.includes('PNG')], [200, 'image/png', true]);
    const picture = /<img id="challenge_qrcode" +width=250 +src="data:image\/png;base64,[\w+/=]+"\/>/;
    for (const [qr, whole] of [
      ['img', new RegExp(`^${picture.source}$`)],
      ['embed', new RegExp(`^${picture.source}$`)],
      ['html', new RegExp(`^<!doctype html><html><body>${picture.source}</body></html>$`)],
    ] as const) {
      const { type, text } = await init({ qr });
      assert.equal(type, 'text/html; charset=utf-8');
      assert.match(text, whole);
    }
  });

  it('keeps an offered push token for an hour, or as long as configured', async () => {
    for (const [settings, wait] of [
      [{}, minutes(60)],
      [{ linotpOfferLifeMs: minutes(2) }, minutes(2)],
    ] as const) {
      const given = await givenLinotpGateway(undo, { settings });
      const [early, late] = [await given.offered('alice'), await given.offered('alice')];
      given.clock.advance(wait - 1);
      assert.equal((await early.pair()).json.result.status, true);
      given.clock.advance(1);
      assert.equal((await late.pair()).json.result.status, false);
    }
  });

  it('leaves no push token behind when it cannot make one', async () => {
    const given = await givenLinotpGateway(undo);
    const { postAsAdmin } = given;
    await given.offered('alice', { serial: 'KIPT1' });
    const wishes: [Record<string, string>, number][] = [
      [{}, 905],
      [{ type: 'hmac' }, 1610],
      [{ type: 'push', genkey: '1' }, -311],
      [{ type: 'push', serial: 'KIPT1' }, 905],
      [{ type: 'push', serial: 'a b' }, 905],
      [{ type: 'push', serial: 'K'.repeat(41) }, 905],
      [{ type: 'push', pin: '1'.repeat(257) }, 905],
      [{ type: 'push', description: 'd'.repeat(81) }, 905],
      [{ type: 'push', user: 'alice', realm: 'nowhere' }, 905],
    ];
    for (const [wish, code] of wishes) {
      const { status, json, text } = await postAsAdmin('/admin/init', wish);
      assert.deepEqual([status, json.result.status, json.result.error.code], [200, false, code], text);
    }
    assert.equal((await postAsAdmin('/admin/show')).json.result.value.resultset.tokens, 1);
  });

  it('returns errors as pages with a status on request of the client', async () => {
    const { postAsAdmin } = await givenLinotpGateway(undo);
    for (const [httperror, status] of [
      ['503', 503],
      ['', 500],
      ['many', 500],
      ['444', 444],
      ['100', 500],
      ['302', 500],
    ] as const) {
      const reply = await postAsAdmin('/admin/init', { type: '<b>', httperror });
      assert.deepEqual([reply.status, reply.type], [status, 'text/html; charset=utf-8']);
      assert.match(reply.text, /1610: ERR1610: admin\/init failed: unknown token type '&lt;b&gt;'/);
    }
  });

  it('lists them page by page, without the address of a phone or a secret', async () => {
    const given = await givenLinotpGateway(undo);
    const phone = await given.active('alice', { serial: 'KIPT1', description: 'of Alice' });
    for (const serial of ['KIPT2', 'KIPT3', 'OTHER1']) await given.offered('bob', { serial });
    const show = async (form: Record<string, string>) => (await given.postAsAdmin('/admin/show', form)).json.result.value;
    const serialsOf = ({ data }: { data: Record<string, unknown>[] }) => data.map((row) => row['LinOtp.TokenSerialnumber']);
    const all = await show({});
    assert.deepEqual(
      [serialsOf(all), all.resultset],
      [['KIPT1', 'KIPT2', 'KIPT3', 'OTHER1'], { pages: 1, pagesize: 4, tokens: 4, page: 1 }],
    );
    const page = await show({ serial: 'KIPT*', pagesize: '2', page: '2' });
    assert.deepEqual([serialsOf(page), page.resultset], [['KIPT3'], { pages: 2, pagesize: 2, tokens: 3, page: 2 }]);
    assert.deepEqual(serialsOf(await show({ user: 'bob' })), ['KIPT2', 'KIPT3', 'OTHER1']);
    assert.deepEqual((await show({ serial: 'NONE' })).resultset, { pages: 1, pagesize: 0, tokens: 0, page: 1 });
    const row = await rowOf(given, 'KIPT1');
    assert.deepEqual([row['LinOtp.Isactive'], row['LinOtp.TokenDesc'], row['User.username']], [true, 'of Alice', 'alice']);
    const info = JSON.parse(row['LinOtp.TokenInfo']);
    assert.deepEqual(Object.keys(info), ['partition', 'state', 'user_token_id', 'user_dsa_public_key']);
    assert.equal(info.state, 'active');
    assert.ok(!JSON.stringify(all).includes(phone.gda), 'no address');
    for (const wrong of [{ page: '0' }, { pagesize: '-1' }, { page: 'x' }])
      assert.equal((await given.postAsAdmin('/admin/show', wrong)).json.result.error.code, 905);
  });

  it('disables, enables, resets, sets the PIN and removes, by serial or by user, and reports the number', async () => {
    const given = await givenLinotpGateway(undo);
    const { post, postAsAdmin } = given;
    for (const serial of ['KIPT1', 'KIPT2']) await given.active('alice', { serial });
    const value = async (path: string, form: Record<string, string>) => (await postAsAdmin(path, form)).json.result.value;
    const isAsked = async (pass: string) =>
      (await post('/validate/check_s', { serial: 'KIPT1', pass, data: 'x' })).json.detail !== undefined;
    assert.equal(await value('/admin/disable', { serial: 'KIPT1' }), 1);
    assert.deepEqual([await isAsked('1234'), (await rowOf(given, 'KIPT1'))['LinOtp.Isactive']], [false, false]);
    assert.equal(await value('/admin/enable', { user: 'alice' }), 1);
    assert.equal(await isAsked('1234'), true);
    assert.equal(await isAsked('wrong'), false);
    assert.equal((await rowOf(given, 'KIPT1'))['LinOtp.FailCount'], 1);
    assert.equal(await value('/admin/reset', { serial: 'KIPT1' }), 1);
    assert.equal((await rowOf(given, 'KIPT1'))['LinOtp.FailCount'], 0);
    assert.equal(await value('/admin/set', { user: 'alice', pin: '5678' }), 2);
    assert.deepEqual([await isAsked('1234'), await isAsked('5678')], [false, true]);
    assert.equal(await value('/admin/remove', { user: 'alice' }), 2);
    assert.equal(await rowOf(given, 'KIPT1'), undefined);
    assert.equal(await value('/admin/remove', { serial: 'KIPT1' }), 0);
    const nobody = refused(905, "ERR905: missing key KeyError('serial')");
    assert.deepEqual(refusalOf(await postAsAdmin('/admin/remove')), nobody);
  });

  it('shows open challenges, and closed ones of a transaction on request', async () => {
    const given = await givenLinotpGateway(undo);
    const phone = await given.active('alice', { serial: 'KIPT1' });
    const started = await given.post('/validate/check', { user: 'alice', pass: '1234', data: 'secret words' });
    const { transactionid } = started.json.detail;
    const shown = async (form: Record<string, string>) => {
      const { json, text } = await given.postAsAdmin('/admin/checkstatus', form);
      assert.ok(!text.includes('secret words'));
      return json.result.value.values.KIPT1?.challenges[transactionid];
    };
    for (const form of [{ serial: 'KIPT1' }, { user: 'alice' }, { transactionid }, { state: transactionid }] as Record<string, string>[]) {
      const row = await shown(form);
      assert.match(row.timestamp, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
      assert.deepEqual([row.transid, row.tokenserial, row.received_tan, row.session], [transactionid, 'KIPT1', false, { status: 'open' }]);
    }
    await phone.answer('ACCEPT');
    assert.equal(await shown({ transactionid }), undefined);
    const closed = await shown({ transactionid, open: 'true' });
    assert.deepEqual([closed.valid_tan, closed.session], [true, { status: 'closed', accept: true }]);
    assert.equal((await given.postAsAdmin('/admin/checkstatus')).json.result.error.code, 77);
  });
});

describe('The providers as LinOTP administrators see them', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  it('are read-only, without their configuration', async () => {
    const { postAsAdmin } = await givenLinotpGateway(undo);
    const { json, text } = await postAsAdmin('/system/getProvider', { type: 'push' });
    assert.deepEqual(json.result.value.cs, { Class: 'DefaultPushProvider', Timeout: '', Managed: true, Default: true });
    assert.ok(!text.includes('http:'), 'no URL');
    assert.deepEqual((await postAsAdmin('/system/getProvider', { type: 'sms' })).json.result.value, {});
    const definition = { type: 'push', name: 'cs', class: 'DefaultPushProvider', config: '{}', timeout: '1' };
    for (const call of ['setProvider', 'setDefaultProvider', 'delProvider', 'setPolicy', 'delPolicy', 'setConfig', 'delConfig'])
      assert.equal((await postAsAdmin(`/system/${call}`, definition)).json.result.error.code, 410, call);
    assert.equal((await postAsAdmin('/system/getProvider', { type: 'push' })).text, text);
  });

  it('are tested without a push to a phone', async () => {
    const { postAsAdmin, pushed } = await givenLinotpGateway(undo);
    const test = (name: string) => postAsAdmin('/system/testProvider', { type: 'push', name });
    assert.deepEqual((await test('cs')).json.result, { status: true, value: true });
    assert.deepEqual(refusalOf(await test('none')), refused(-311, "Unable to load provider: 'none'"));
    assert.equal(pushed.length, 0);
  });

  it('are reported as bad where they fail', async () => {
    const gone = [{ name: 'gone', kind: 'challenge-service', default: true, config: { push_url: 'http://127.0.0.1:1/v1/challenge' } }];
    const { postAsAdmin } = await givenLinotpGateway(undo, { more: { providers: gone } });
    const { json } = await postAsAdmin('/system/testProvider', { type: 'push', name: 'gone' });
    assert.deepEqual([json.result, json.detail], [{ status: true, value: false }, { message: '127.0.0.1:1 cannot be reached' }]);
  });
});
