import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Secret } from '../../src/delivery/provider-kit/index.ts';
import { givenHost, givenPush, providerConformance } from '../../test/delivery/provider-conformance.ts';
import { pkcs12Content, pkcs12Samples } from '../../test/foundation/crypto/pkcs12-samples.ts';
import { selfSigned } from '../../test/foundation/wire/self-signed.ts';
import { type FakeClock, fakeClock, minutes } from '../../test/kit/clock.ts';
import { type Behaviour, type FarSide, farSide } from '../../test/kit/far-side.ts';
import { type Cleanup, cleanup, temporaryFolder } from '../../test/kit/temporary.ts';
import apns from './provider.ts';

const device = '0a1B'.repeat(16);
const push = givenPush({ address: { kind: 'apns', value: device, since: 1 } });

// Tokens are shared by key id: every provider gets a key of its own.
let keys = 0;
const signing = () => {
  keys += 1;
  return { key: new Secret(selfSigned.key), key_id: `TEST${String(keys).padStart(6, '0')}`, team_id: 'TEAM000000' };
};

const open = (undo: Cleanup, config: Record<string, unknown>, clock: () => number = Date.now) => {
  const folder = temporaryFolder(undo);
  writeFileSync(join(folder, 'ca.pem'), selfSigned.cert);
  writeFileSync(join(folder, 'push.p12'), Buffer.from(pkcs12Samples.aes, 'base64'));
  const auth = 'certificate' in config ? {} : signing();
  const parsed = apns.config.parse({ ...auth, topic: 'com.example.app', ca: 'ca.pem', ...config });
  return apns.open(parsed, givenHost(apns, { path: (file) => join(folder, file), clock }));
};
const both = (far: FarSide) => ({ production_url: far.url, sandbox_url: far.url });
const says = (status: number, reason: string, more: Record<string, unknown> = {}): Behaviour & { kind: 'reply' } => ({
  kind: 'reply',
  status,
  body: JSON.stringify({ reason, ...more }),
});
const taken: Behaviour = { kind: 'reply', status: 200 };

providerConformance('apns', {
  open: (far, undo) => open(undo, both(far)),
  openUntrusting: (far, undo) => open(undo, { ...both(far), ca: undefined }),
  push,
  ok: { status: 200 },
  deadAddress: says(410, 'Unregistered', { timestamp: Date.now() }),
  ourFault: says(400, 'PayloadEmpty'),
  throttled: says(429, 'TooManyRequests'),
  serverFault: says(503, 'ServiceUnavailable'),
  http2: true,
});

describe('The provider apns', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  const given = async (config: Record<string, unknown> = {}, clock: FakeClock | (() => number) = Date.now) => {
    const [production, sandbox] = [await farSide(undo), await farSide(undo)];
    const provider = await open(undo, { production_url: production.url, sandbox_url: sandbox.url, ...config }, clock);
    undo.later(() => provider.close());
    const deliver = async (over = {}) => provider.deliver({ ...push, ...over }, AbortSignal.timeout(5000));
    const asked = () => [production.requests.length, sandbox.requests.length];
    return { production, sandbox, provider, deliver, asked };
  };
  const header = (far: FarSide, name: string) => far.requests.map(({ headers }) => headers[name]);

  describe('on the wire', () => {
    it('pushes to an iPhone with privacyIDEA as Firebase would', async () => {
      const { production, deliver } = await given();
      const payload = '{"nonce":"N1","title":"ACME \\"VPN\\"","question":"Grüße?","serial":"PIPU1","aps":"x"}';
      assert.deepEqual(await deliver({ payload, expiresAt: 1_772_359_999_999 }), { kind: 'sent' });
      const [request] = production.requests;
      assert.deepEqual([request?.method, request?.path], ['POST', `/3/device/${device}`]);
      const names = ['apns-topic', 'apns-push-type', 'apns-priority', 'apns-expiration', 'apns-collapse-id'];
      assert.deepEqual(
        names.map((name) => request?.headers[name]),
        ['com.example.app', 'alert', '10', '1772359999', 'privacyidea.pushtoken'],
      );
      assert.match(String(request?.headers['apns-id']), /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
      assert.deepEqual(JSON.parse(request?.body ?? ''), {
        aps: { alert: { title: 'ACME "VPN"', body: 'Grüße?' }, sound: 'default', category: 'PUSH_AUTHENTICATION' },
        nonce: 'N1',
        title: 'ACME "VPN"',
        question: 'Grüße?',
        serial: 'PIPU1',
      });
    });

    it('is time-sensitive where a policy says so, whatever the phone protocol', async () => {
      const { production, deliver } = await given();
      for (const over of [{ isTimeSensitive: true }, { isTimeSensitive: true, phone: 'linotp' }, {}]) await deliver(over);
      const levels = production.requests.map(({ body }) => JSON.parse(body).aps['interruption-level']);
      assert.deepEqual(levels, ['time-sensitive', 'time-sensitive', undefined]);
    });

    it('sends the payload to any other phone, and replaces only pushes for the same challenge', async () => {
      const { production, deliver } = await given();
      for (const handle of ['41227575594942494', '41227575594942494', '5'])
        await deliver({ phone: 'linotp', payload: 'lseqr://push/A', handle });
      const { aps, ...fields } = JSON.parse(production.requests[0]?.body ?? '');
      assert.deepEqual(fields, { transactionId: '41227575594942494', challenge: 'lseqr://push/A' });
      assert.equal(typeof aps.alert.body, 'string');
      const [first, again, other] = header(production, 'apns-collapse-id');
      assert.match(String(first), /^[0-9a-f]{32}$/);
      assert.deepEqual([again === first, other === first], [true, false]);
      assert.equal(new Set(header(production, 'apns-id')).size, 3);
    });

    it('sends nothing that is too long for APNs, and nothing to a malformed address', async () => {
      const { deliver, asked } = await given();
      const question = (length: number) => ({ payload: JSON.stringify({ title: 'A', question: 'é'.repeat(length) }) });
      const long = await deliver(question(1100));
      assert.deepEqual([long.kind, long.reason], ['rejected', 'message']);
      for (const value of ['', '../../4/broadcasts', 'abc\r\ndef', 'é', 'a'.repeat(401)]) {
        const outcome = await deliver({ address: { kind: 'apns', value, since: 1 } });
        assert.deepEqual([outcome.kind, outcome.reason], ['rejected', 'dead-address'], value);
      }
      assert.deepEqual(asked(), [0, 0]);
      assert.equal((await deliver(question(900))).kind, 'sent');
    });

    it('repeats a push that was lost with its connection, under the same id', async () => {
      for (const lost of [{ kind: 'reset' } as const, says(400, 'IdleTimeout')]) {
        const { production, deliver } = await given();
        production.behave(lost, taken);
        assert.equal((await deliver()).kind, 'sent', lost.kind);
        const ids = header(production, 'apns-id');
        assert.deepEqual([ids.length, ids[0] === ids[1]], [2, true]);
      }
    });

    it('gives up where every connection is cut', async () => {
      const { production, deliver } = await given();
      production.behave({ kind: 'reset' });
      assert.deepEqual(await deliver(), { kind: 'unavailable', reason: 'connection', detail: new URL(production.url).host });
      assert.equal(production.requests.length, 2);
    });

    it('presents its certificate where it has one, and no token', async () => {
      const far = await farSide(undo, { clientCa: pkcs12Content.authority });
      const provider = await open(undo, { certificate: 'push.p12', passphrase: new Secret('secret'), ...both(far) });
      undo.later(() => provider.close());
      assert.equal((await provider.deliver(push, AbortSignal.timeout(5000))).kind, 'sent');
      assert.deepEqual(header(far, 'authorization'), [undefined]);
      const unproven = await open(undo, both(far));
      undo.later(() => unproven.close());
      assert.equal((await unproven.deliver(push, AbortSignal.timeout(5000))).kind, 'unavailable');
    });
  });

  describe('with a key', () => {
    it('sends one token with all pushes, to both environments, and another one after 50 minutes', async () => {
      const clock = fakeClock();
      const { production, sandbox, deliver } = await given({}, clock);
      production.behave(says(400, 'BadDeviceToken'), taken);
      await deliver();
      await deliver({ address: { kind: 'apns', value: 'ff'.repeat(32), since: 1 } });
      clock.advance(minutes(50));
      await deliver({ address: { kind: 'apns', value: 'ff'.repeat(32), since: 1 } });
      const [first, second, third] = header(production, 'authorization');
      assert.match(String(first), /^bearer [\w-]+\.[\w-]+\.[\w-]+$/);
      assert.deepEqual([second, header(sandbox, 'authorization')], [first, [first]]);
      assert.notEqual(third, first);
    });
  });

  describe('and the two environments', () => {
    it('learns the environment of an address, and remembers it', async () => {
      const { production, deliver, asked } = await given();
      production.behave(says(400, 'BadDeviceToken'));
      assert.equal((await deliver()).kind, 'sent');
      assert.deepEqual(asked(), [1, 1]);
      assert.equal((await deliver()).kind, 'sent');
      assert.deepEqual(asked(), [1, 2]);
    });

    it('asks production again when the sandbox no longer knows an address', async () => {
      const { production, sandbox, deliver, asked } = await given();
      production.behave(says(400, 'BadDeviceToken'), taken);
      await deliver();
      sandbox.behave(says(400, 'BadDeviceToken'));
      assert.equal((await deliver()).kind, 'sent');
      await deliver();
      assert.deepEqual(asked(), [3, 2]);
    });

    it('marks an address dead that neither of them knows', async () => {
      const { production, sandbox, deliver, asked } = await given();
      for (const far of [production, sandbox]) far.behave(says(400, 'BadDeviceToken'));
      const outcome = await deliver();
      assert.deepEqual([outcome.kind, outcome.reason, asked()], ['rejected', 'dead-address', [1, 1]]);
    });

    it('marks no address dead when the other one is unavailable', async () => {
      const { production, sandbox, deliver } = await given();
      production.behave(says(400, 'BadDeviceToken'));
      sandbox.behave(says(403, 'BadEnvironmentKeyIdInToken'), says(503, 'ServiceUnavailable'));
      const first = await deliver();
      assert.deepEqual([first.kind, first.reason], ['rejected', 'configuration']);
      const second = await deliver();
      assert.deepEqual([second.kind, second.reason], ['unavailable', 'server']);
    });

    it('asks only the configured one, and marks no address dead by its reply alone', async () => {
      for (const environment of ['production', 'sandbox']) {
        const { production, sandbox, deliver, asked } = await given({ environment });
        for (const far of [production, sandbox]) far.behave(says(400, 'BadDeviceToken'));
        const outcome = await deliver();
        assert.deepEqual([outcome.kind, outcome.reason], ['rejected', 'configuration']);
        assert.deepEqual(asked(), environment === 'production' ? [1, 0] : [0, 1]);
      }
    });
  });

  it('keeps an address that the phone registered after the timestamp of APNs', async () => {
    const { production, deliver } = await given();
    production.behave(says(410, 'Unregistered', { timestamp: 4_999 }));
    const since = async (moment: number) => (await deliver({ address: { kind: 'apns', value: device, since: moment } })).reason;
    assert.deepEqual([await since(5_000), await since(4_999)], ['message', 'dead-address']);
  });

  describe('when it is checked', () => {
    const check = async (behaviour: Behaviour, config = {}) => {
      const { production, sandbox, provider } = await given(config);
      for (const far of [production, sandbox]) far.behave(behaviour);
      return { result: await provider.check(AbortSignal.timeout(300)), production, sandbox };
    };

    it('proves its credentials with an impossible address and a push that would be silent', async () => {
      const { result, production, sandbox } = await check(says(400, 'BadDeviceToken'));
      assert.ok(result.ok, JSON.stringify(result));
      const [request] = production.requests;
      assert.deepEqual([production.requests.length, sandbox.requests.length], [1, 0]);
      assert.equal(request?.path, `/3/device/${'0'.repeat(64)}`);
      assert.deepEqual([request?.headers['apns-push-type'], request?.headers['apns-priority']], ['background', '5']);
      assert.deepEqual(JSON.parse(request?.body ?? ''), { aps: { 'content-available': 1 } });
    });

    it('asks the configured environment', async () => {
      const { result, production, sandbox } = await check(says(400, 'BadDeviceToken'), { environment: 'sandbox' });
      assert.deepEqual([result.ok, production.requests.length, sandbox.requests.length], [true, 0, 1]);
    });

    const problems: [what: string, behaviour: Behaviour, problem: RegExp][] = [
      [
        'a key that does not fit its ids',
        says(403, 'InvalidProviderToken'),
        /InvalidProviderToken: key, key_id and team_id do not belong together/,
      ],
      ['a wrong clock', says(403, 'ExpiredProviderToken'), /the clock of this machine is wrong/],
      ['a key of the other environment', says(403, 'BadEnvironmentKeyIdInToken'), /set environment accordingly/],
      ['a wrong bundle id', says(400, 'TopicDisallowed'), /topic is not the bundle id/],
      ['APNs that is out of order', says(503, 'ServiceUnavailable'), /answered 503 ServiceUnavailable/],
      ['a line that is cut', { kind: 'reset' }, /cannot be reached.*proxy/],
      ['a far side that hangs', { kind: 'hang' }, /did not answer in time/],
      ['something that is not APNs', { kind: 'reply', status: 404, body: '<html>' }, /a reply that APNs never sends/],
    ];
    for (const [what, behaviour, problem] of problems) {
      it(`reports ${what} in a sentence`, async () => {
        const { result } = await check(behaviour);
        assert.ok(!result.ok);
        assert.match(result.problem, problem);
        assert.match(result.problem, /^\S.*\.$/);
      });
    }

    it('reports an untrusted server certificate', async () => {
      const { result } = await check(taken, { ca: undefined });
      assert.match(result.ok ? '' : result.problem, /cannot be trusted.*ca/);
    });
  });
});
