import assert from 'node:assert/strict';
import { givenPush } from '../../test/delivery/provider-conformance.ts';
import { seconds } from '../../test/kit/clock.ts';
import { readVectors } from '../../test/kit/vectors.ts';
import { type MessageStyle, messageOf, probe } from './message.ts';

type Sent = { message: { data: { nonce: string }; token: string; apns: { headers: Record<string, string> } } };
type Vectors = Record<string, { exchanges?: { cases: { sent_to_fcm?: { body: Sent }[] }[] } }>;

describe('A message for FCM', () => {
  const now = Date.UTC(2026, 2, 1, 10);
  const inData: MessageStyle = { mode: 'data', opaqueTitle: 'ACME', opaqueText: 'Please open the app.', dryRun: false };
  const push = givenPush({ address: { kind: 'fcm', value: 'fcm:device-address', since: 1 }, expiresAt: now + seconds(120) });
  const bodyOf = (over = {}, style: Partial<MessageStyle> = {}): string =>
    messageOf({ ...push, ...over }, { ...inData, ...style }, now) ?? assert.fail('no message');
  const read = (body: string) => JSON.parse(body) as { validate_only?: true; message: Record<string, unknown> };

  for (const product of ['privacyidea', 'edumfa']) {
    it(`is that of ${product}, byte for byte, plus the keys that make one push of two`, () => {
      const cases = readVectors<Vectors>('privacyidea.json')[product]?.exchanges?.cases ?? [];
      const sent = cases.flatMap(({ sent_to_fcm = [] }) => sent_to_fcm.map(({ body }) => body));
      assert.ok(sent.length >= 5, 'the vectors hold messages');
      for (const recorded of sent) {
        // given a challenge with a recorded message, two minutes before it expires
        const { data, token, apns } = recorded.message;
        const expiresAt = seconds(Number(apns.headers['apns-expiration']));
        const address = { kind: 'fcm', value: token, since: 1 } as const;
        // when its message is made
        const body = messageOf(
          { ...push, handle: data.nonce, payload: JSON.stringify(data), address, expiresAt },
          inData,
          expiresAt - seconds(120),
        );
        // then it is the recorded message, plus only the keys by which a second copy replaces
        // the first one
        const twin = /,"collapse_key":"([0-9a-f]{32})","notification":\{"tag":"\1"\}/;
        assert.match(body ?? '', twin);
        assert.equal(body?.replace(twin, ''), JSON.stringify(recorded));
      }
    });
  }

  it('is time-sensitive on an iPhone where a policy says so, whatever its payload', () => {
    for (const [over, style] of [
      [{}, {}],
      [{ phone: 'linotp' }, {}],
      [{}, { mode: 'opaque' }],
    ] as const) {
      const levelOf = (isTimeSensitive: boolean) => {
        const { apns } = read(bodyOf({ ...over, isTimeSensitive }, style)).message;
        return (apns as { payload: { aps: Record<string, unknown> } }).payload.aps['interruption-level'];
      };
      assert.deepEqual([levelOf(true), levelOf(false)], ['time-sensitive', undefined]);
    }
  });

  it('expires with the challenge, and replaces only messages of its own kind', () => {
    const android = [{ expiresAt: now + 90_500 }, { expiresAt: now - 1, handle: 'ANOTHER' }, { expiresAt: now + 90_500 }].map(
      (over) => read(bodyOf(over)).message.android as { ttl: string; collapse_key: string },
    );
    assert.deepEqual(
      android.map(({ ttl }) => ttl),
      ['91s', '0s', '91s'],
    );
    assert.equal(android[0]?.collapse_key, android[2]?.collapse_key);
    assert.notEqual(android[0]?.collapse_key, android[1]?.collapse_key);
  });

  it("has a LinOTP challenge as data, under the names of LinOTP's own service, and a notification that says nothing", () => {
    const body = bodyOf({ phone: 'linotp', handle: '41227575594942494', payload: 'lseqr://push/AgAAAA' });
    const { data, token, notification, apns } = read(body).message;
    assert.deepEqual(data, { transactionId: '41227575594942494', challenge: 'lseqr://push/AgAAAA' });
    assert.deepEqual([token, notification], ['fcm:device-address', { title: 'ACME', body: 'Please open the app.' }]);
    const { headers } = apns as { headers: Record<string, string> };
    assert.match(headers['apns-collapse-id'] ?? '', /^[0-9a-f]{32}$/);
  });

  it('contains nothing of the login in opaque mode', () => {
    for (const phone of ['pipush', 'linotp']) {
      const body = bodyOf({ phone }, { mode: 'opaque' });
      const { data, notification } = read(body).message;
      assert.deepEqual([data, notification], [undefined, { title: 'ACME', body: 'Please open the app.' }]);
      const secrets = ['Log in?', 'PIPU1', push.handle, push.transactionId, 'nonce'];
      assert.deepEqual(
        secrets.filter((secret) => body.includes(secret)),
        [],
      );
    }
  });

  it('is only validated in a dry run, as the probe is', () => {
    assert.deepEqual([read(bodyOf({}, { dryRun: true })).validate_only, read(bodyOf()).validate_only], [true, undefined]);
    assert.equal(read(probe).validate_only, true);
  });

  it('requires the payload of a pipush phone', () => {
    for (const payload of ['lseqr://push/AgAAAA', '{"nonce":1}', '[]'])
      assert.equal(messageOf({ ...push, payload }, inData, now), undefined, payload);
  });
});
