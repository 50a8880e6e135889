import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openKeyMutex } from '../../../src/engine/key-mutex.ts';
import type { EngineParts } from '../../../src/engine/parts.ts';
import { openPins } from '../../../src/engine/pins/index.ts';
import { spendCheck } from '../../../src/engine/pins/login-pin.ts';
import type { PushToken } from '../../../src/foundation/model/index.ts';
import { type CountedCalls, countCalls } from '../../kit/counted-calls.ts';
import { type GivenGateway, givenGateway } from '../../kit/gateway.ts';
import { givenLinotpGateway, type LinotpGateway } from '../../kit/linotp-gateway.ts';
import { cleanup, temporaryFolder } from '../../kit/temporary.ts';

const mounts = [
  { path: '/linotp', serves: 'linotp' },
  { path: '/', serves: 'privacyidea' },
  { path: '/', serves: 'ops' },
];

/** What a refusal costs: hashes, reads and writes of the store; and what is said. */
async function costOf<R>({ gateway }: GivenGateway, hashes: CountedCalls, refused: () => Promise<R>) {
  const sum = async (ops: RegExp): Promise<number> => {
    await gateway.settled();
    const lines = (await (await fetch(`${gateway.urls[0]}/metrics`)).text()).split('\n');
    return lines.reduce((total, line) => total + Number(ops.exec(line)?.[2] ?? 0), 0);
  };
  const [reads, writes] = [
    /^pushgate_store_operation_seconds_count\{op="(findToken|tokensOf)".*\} (\d+)$/,
    /^pushgate_store_operation_seconds_count\{op="(countUp|countFailure|uncount|changeToken)".*\} (\d+)$/,
  ];
  const before = [hashes.count(), await sum(reads), await sum(writes)] as const;
  const reply = await refused();
  const after = [hashes.count(), await sum(reads), await sum(writes)] as const;
  return { hashes: after[0] - before[0], reads: after[1] - before[1], writes: after[2] - before[2], reply };
}

describe('A refusal at a LinOTP mount', function () {
  this.timeout(30_000);

  for (const { lockout, writes, reads } of [
    { lockout: 'source', writes: 2, reads: 1 },
    { lockout: 'token', writes: 1, reads: 2 },
  ])
    describe(`where failures count per ${lockout}`, () => {
      const undo = cleanup();
      let gateway: LinotpGateway;
      let hashes: CountedCalls;
      before(async () => {
        gateway = await givenLinotpGateway(undo, { mounts, settings: { lockout, DefaultMaxFailCount: lockout === 'source' ? 50 : 5 } });
        await gateway.active('alice');
        await gateway.active('without', { pin: '' });
        await gateway.offered('waiting');
        for (const pin of ['1234', '1234', '9999']) await gateway.active('three', { pin });
        await gateway.active('failed');
        for (let times = 0; times < 12; times += 1) await gateway.post('/validate/check', { user: 'failed', pass: 'x', data: 'y' });
        hashes = countCalls('hashes');
      });
      after(() => {
        hashes.stop();
        return undo.run();
      });

      /** `tokens`: each of several has a counter of its own, and they are read and written side by side. */
      for (const { who, form, path = '/validate/check', tokens = 1 } of [
        { who: 'an unknown user', form: { user: 'nobody', pass: 'wrong', data: 'x' } },
        { who: 'a user without a usable push token', form: { user: 'waiting', pass: 'wrong', data: 'x' } },
        { who: 'a wrong PIN', form: { user: 'alice', pass: 'wrong', data: 'x' } },
        { who: 'a PIN in another form of Unicode', form: { user: 'alice', pass: 'u\u0308', data: 'x' }, isTwice: true },
        { who: 'the same for an unknown user', form: { user: 'nobody', pass: 'u\u0308', data: 'x' }, isTwice: true },
        { who: 'a push token without a PIN', form: { user: 'without', pass: 'wrong', data: 'x' } },
        { who: 'one of three push tokens', form: { user: 'three', pass: 'wrong', data: 'x' }, tokens: 3 },
        ...(lockout === 'token'
          ? [
              { who: 'a push token that failed too often', form: { user: 'failed', pass: 'wrong', data: 'x' } },
              { who: 'its right PIN', form: { user: 'failed', pass: '1234', data: 'x' } },
            ]
          : []),
        { who: 'a right PIN with nothing to ask', form: { user: 'alice', pass: '1234' } },
        { who: 'the same again', form: { user: 'alice', pass: '1234' } },
        { who: 'an unknown serial', form: { serial: 'KIPT0', pass: 'wrong', data: 'x' }, path: '/validate/check_s' },
      ] satisfies { who: string; form: Record<string, string>; path?: string; tokens?: number; isTwice?: boolean }[])
        it(`for ${who} says and costs the same`, async () => {
          const isTwice = form.pass.normalize('NFC') !== form.pass;
          const cost = await costOf(gateway, hashes, () => gateway.post(path, form));
          const isBySerial = path === '/validate/check_s';
          assert.deepEqual([cost.hashes, cost.writes], [isTwice ? 2 : 1, writes]);
          if (tokens === 1) assert.equal(cost.reads, reads);
          const { text } = await gateway.post(path, isBySerial ? { serial: 'KIPT1', pass: 'x' } : { user: 'nobody', pass: 'x', data: 'x' });
          assert.deepEqual([cost.reply.status, cost.reply.text], [200, text]);
        });
    });
});

describe('A refusal at a privacyIDEA mount', function () {
  this.timeout(30_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  it('costs the same whatever its reason, which its words tell, but where logins are quiet', async () => {
    const gateway = await givenGateway(undo, { settings: { lockout: 'source', DefaultMaxFailCount: 5 } });
    const { client, admin } = gateway;
    await gateway.phoneOf('alice');
    await gateway.phoneOf('without', { pin: '' });
    await client.post('/token/init', { type: 'push', genkey: '1', user: 'waiting', pin: '1234' }, admin);
    const check = (user: string, pass = 'wrong') => client.post('/validate/check', { user, pass });
    const hashes = countCalls('hashes');
    undo.later(() => hashes.stop());
    for (const [user, pass, message] of [
      ['nobody', 'wrong', 'The user has no tokens assigned'],
      ['waiting', 'wrong', 'No suitable token found for authentication.'],
      ['alice', 'wrong', 'wrong otp pin'],
      ['without', 'wrong', 'wrong otp pin'],
    ] as const) {
      const { reply, ...cost } = await costOf(gateway, hashes, () => check(user, pass));
      assert.deepEqual([cost, reply.body.detail.message], [{ hashes: 1, reads: 1, writes: 2 }, message], `${user} ${pass}`);
    }
  });
});

describe('A quiet login at a LinOTP mount', function () {
  this.timeout(30_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  it('says and costs the same for a right PIN, a wrong one, a user without a push token and nobody, and so does each question about it', async () => {
    const gateway = await givenLinotpGateway(undo, { mounts, settings: { lockout: 'source', DefaultMaxFailCount: 3 } });
    await gateway.active('alice', { description: 'her phone' });
    await gateway.offered('waiting');
    const hashes = countCalls('hashes');
    undo.later(() => hashes.stop());
    const check = (user: string, pass: string) => gateway.post('/validate/check', { user, pass, data: 'x' });
    for (const user of ['alice', 'waiting', 'nobody']) for (let times = 0; times < 4; times += 1) await check(user, 'guess');
    const heard = async (user: string, pass: string) => {
      const { reply, ...cost } = await costOf(gateway, hashes, () => check(user, pass));
      const { transactionid: id, linotp_tokenserial: serial } = reply.json.detail;
      assert.match(serial, /^KIPT\d{4}[0-9A-F]{16}$/);
      const asks = [
        ['/validate/check_status', { user, pass, transactionid: id }],
        ['/validate/check_t', { pass, transactionid: id }],
      ] as const;
      const told = [reply.text];
      for (const [path, form] of asks) told.push((await gateway.post(path, form)).text);
      // A phone that may not ring now costs a counter, after the reply.
      return [cost.hashes, cost.reads, ...told.map((text) => text.replaceAll(id, 'ID').replaceAll(serial, 'SERIAL'))];
    };
    const right = await heard('alice', '1234');
    assert.match(String(right[3]), /"status": ?"open"/);
    for (const [user, pass] of [
      ['alice', 'wrong'],
      ['waiting', 'wrong'],
      ['nobody', 'wrong'],
      ['nobody', '1234'],
    ] as const)
      assert.deepEqual(await heard(user, pass), right, `${user} ${pass}`);
    // and a name that is nobody's has always the same serial
    const serials = await Promise.all([1, 2].map(async () => (await check('nobody', 'x')).json.detail.linotp_tokenserial));
    assert.equal(serials[0], serials[1]);
  });

  it('says and counts the same for the serial of a push token and for one that nobody has', async () => {
    const gateway = await givenLinotpGateway(undo, { mounts, settings: { lockout: 'source', DefaultMaxFailCount: 3 } });
    await gateway.active('', { serial: 'KIPT1' });
    const told = async (serial: string) => {
      const texts: string[] = [];
      for (let times = 0; times < 4; times += 1) {
        const { json, text } = await gateway.post('/validate/check_s', { serial, pass: 'wrong', data: 'x' });
        texts.push(text.replace(json.detail?.transactionid, 'ID').replace(serial, 'SERIAL'));
      }
      return texts;
    };
    const there = await told('KIPT1');
    assert.match(there.at(-1) ?? '', /"linotp_tokenserial": "SERIAL"/);
    for (const serial of ['KIPT2', 'KIPT3']) assert.deepEqual(await told(serial), there, serial);
  });

  it('costs the same for a password of a file that was right before', async () => {
    const file = join(temporaryFolder(undo), 'staff.json');
    const salt = Buffer.from('some salt');
    const bare = (bytes: Buffer): string => bytes.toString('base64').replace(/=+$/, '');
    const password = `$scrypt$ln=4,r=8,p=1$${bare(salt)}$${bare(crypto.scryptSync('wonderland', salt, 32, { N: 16, r: 8, p: 1 }))}`;
    writeFileSync(file, JSON.stringify([{ username: 'alice', password }]));
    const gateway = await givenLinotpGateway(undo, {
      mounts,
      settings: { lockout: 'source', DefaultMaxFailCount: 3 },
      more: {
        realms: [{ name: 'corp', default: true, users: ['staff'] }],
        userSources: [{ name: 'staff', kind: 'file', config: { file } }],
      },
    });
    await gateway.active('alice');
    await gateway.rules({ name: 'password', scope: 'authentication', actions: { otppin: 'userstore' } });
    const hashes = countCalls('hashes');
    undo.later(() => hashes.stop());
    const check = async (pass: string): Promise<number> => {
      const before = hashes.count();
      await gateway.post('/validate/check', { user: 'alice', pass, data: 'x' });
      return hashes.count() - before;
    };
    // given a password that is remembered, and logins that are quiet by now
    assert.deepEqual([await check('wonderland'), await check('wonderland')], [1, 0]);
    for (let times = 0; times < 4; times += 1) await check('guess');
    assert.deepEqual([await check('wonderland'), await check('wonderland'), await check('guess')], [1, 1, 1]);
  });

  it('tells nobody its PIN by the question for its push token alone', async () => {
    const gateway = await givenLinotpGateway(undo, { mounts, settings: { lockout: 'source', DefaultMaxFailCount: 3 } });
    const { serial } = await gateway.active('alice');
    const check = async (pass: string) => (await gateway.post('/validate/check', { user: 'alice', pass, data: 'x' })).json.detail;
    for (let times = 0; times < 3; times += 1) await check('guess');
    const { transactionid } = await check('guess');
    const ask = async (pass: string) => (await gateway.post('/validate/check_status', { serial, pass, transactionid })).json.result.value;
    assert.deepEqual([await ask('wrong'), await ask('1234'), await ask('guess')], [false, false, true]);
  });
});

describe('The PINs of one user', function () {
  this.timeout(30_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  /** Two push tokens of alice with PINs of their own, and how many hashes a login of hers costs. */
  const given = async (make: (gateway: GivenGateway) => Promise<unknown>) => {
    const gateway = await givenGateway(undo);
    const hashes = countCalls('hashes');
    undo.later(() => hashes.stop());
    await make(gateway);
    return async (pass: string): Promise<number> => {
      const before = hashes.count();
      await gateway.client.post('/validate/check', { user: 'alice', pass });
      return hashes.count() - before;
    };
  };
  const admin =
    ({ client, admin: session }: GivenGateway) =>
    (path: string, form: object) =>
      client.post(path, { ...form }, session);

  for (const { title, make } of [
    { title: 'set when they are offered', make: async () => undefined },
    { title: 'set later', make: (gateway: GivenGateway) => admin(gateway)('/token/setpin', { serial: 'TWO', otppin: '9999' }) },
    {
      title: 'set as one is given to the user',
      async make(gateway: GivenGateway) {
        await admin(gateway)('/token/unassign', { serial: 'TWO' });
        return admin(gateway)('/token/assign', { serial: 'TWO', user: 'alice', pin: '9999' });
      },
    },
  ])
    it(`are checked by one hash: ${title}`, async () => {
      const hashesOf = await given(async (gateway) => {
        await gateway.phoneOf('alice', { serial: 'ONE' });
        await gateway.phoneOf('alice', { serial: 'TWO', pin: '5678' });
        await make(gateway);
      });
      assert.equal(await hashesOf('wrong'), 1);
    });

  it('that were set for other owners are checked by one hash as soon as they were right once', async () => {
    const hashesOf = await given(async (gateway) => {
      await gateway.phoneOf('alice', { serial: 'ONE' });
      // given a push token that had a PIN before it had an owner
      await gateway.phoneOf('', { serial: 'TWO', pin: '5678' });
      await admin(gateway)('/token/assign', { serial: 'TWO', user: 'alice' });
    });
    assert.equal(await hashesOf('wrong'), 2);
    assert.equal(await hashesOf('5678'), 3, 'two to check, one to make the new one');
    assert.equal(await hashesOf('wrong again'), 1);
  });
});

describe('What one check of a PIN costs', () => {
  for (const verdict of ['unknown-user', 'unavailable', 'unlisted'])
    it(`is one question to the directory where the PIN is a password, under a name that is nobody's: ${verdict}`, async () => {
      const asked: string[][] = [];
      const directory = {
        async checkPassword(...question: string[]) {
          asked.push(question);
          return verdict;
        },
      };
      await spendCheck({ directory } as unknown as EngineParts, { pin: 'guess', rule: 'userstore', realm: 'corp' });
      assert.deepEqual([asked.length, asked[0]?.slice(1)], [1, ['corp', 'guess']]);
      assert.match(asked[0]?.[0] ?? '', /^[0-9a-f]{32}$/);
    });
});

describe('A user who typed a PIN', () => {
  /** The names that the sources of users are to be asked for anew after this PIN; the right one is 1234. */
  const forgottenAfter = async (pin: string, token: object = {}, lockout = 'token'): Promise<string[]> => {
    const forgotten: string[] = [];
    const stored = { serial: 'S', failCount: 0, maxFail: 10, pinHash: '1234', ...token } as PushToken;
    const pins = openPins({
      pinFailures: {
        pretend: async () => undefined,
        take: async () => ({ kind: 'quiet' }),
        trustedCounter: () => undefined,
        distrust: () => undefined,
      },
      settings: { lockout, clearFailuresMs: 0, countWrongPins: true },
      policy: { value: () => undefined, assertShortTexts: () => undefined },
      realms: { ignoresCase: () => false },
      clock: () => 0,
      mutex: openKeyMutex(),
      store: { findToken: async () => stored, countFailure: async () => undefined, personsOf: async () => [] },
      passwords: {
        remembers: () => false,
        renewed: async () => undefined,
        spend: async () => undefined,
        matchesEach: async (typed: string, hashes: readonly string[]) => hashes.map((hash) => hash === typed),
      },
      directory: { forget: (user: string, realm: string) => void forgotten.push(`${user}@${realm}`) },
    } as unknown as EngineParts);
    const asker = { authServer: 'vpn', dialect: 'privacyidea', client: '10.0.0.1', userAgent: '' };
    const who = { user: 'alice', typed: 'Alice', realm: 'corp', asker };
    await pins.checkAtLogin([stored], { ...who, pin, rule: 'tokenpin' });
    return forgotten;
  };

  for (const { title, pin, token, lockout, isForgotten } of [
    { title: 'is remembered by the sources of users after the right one', pin: '1234', token: {}, isForgotten: false },
    { title: 'is looked up again after a wrong one, as somebody unknown is', pin: 'wrong', token: {}, isForgotten: true },
    { title: 'is looked up again after one too many', pin: '1234', token: { failCount: 10 }, isForgotten: true },
    { title: 'is looked up again after a right one where logins are quiet', pin: '1234', token: {}, lockout: 'source', isForgotten: true },
  ] as { title: string; pin: string; token: object; lockout?: string; isForgotten: boolean }[])
    it(title, async () => assert.deepEqual(await forgottenAfter(pin, token, lockout), isForgotten ? ['Alice@corp'] : []));
});
