import assert from 'node:assert/strict';
import { type Answer, answerOf, outcomeOf } from './outcomes.ts';

const now = Date.UTC(2026, 2, 1, 10);
const facts = { host: 'apns.example', now, since: now - 1000 };
const reply = (status: number, body: unknown, headers: Record<string, string> = {}) => ({
  status,
  reason: '',
  headers,
  body: typeof body === 'string' ? body : JSON.stringify(body),
});
const outcome = (...given: Parameters<typeof reply>) => outcomeOf({ ok: true, value: answerOf(reply(...given)) }, facts);
const short = (...given: Parameters<typeof reply>): string => {
  const { kind, reason } = outcome(...given);
  return reason === undefined ? kind : `${kind}: ${reason}`;
};

describe('A reply of APNs', () => {
  // the table of docs/protocols/delivery.md 2, line by line
  const table: [status: number, reason: string, means: string][] = [
    [400, 'BadCollapseId', 'rejected: message'],
    [400, 'BadDeviceToken', 'rejected: configuration'],
    [400, 'BadExpirationDate', 'rejected: message'],
    [400, 'BadMessageId', 'rejected: message'],
    [400, 'BadPriority', 'rejected: message'],
    [400, 'BadTopic', 'rejected: configuration'],
    [400, 'DeviceTokenNotForTopic', 'rejected: configuration'],
    [400, 'DuplicateHeaders', 'rejected: message'],
    [400, 'IdleTimeout', 'unavailable: server'],
    [400, 'InvalidPushType', 'rejected: message'],
    [400, 'MissingDeviceToken', 'rejected: message'],
    [400, 'MissingTopic', 'rejected: message'],
    [400, 'PayloadEmpty', 'rejected: message'],
    [400, 'TopicDisallowed', 'rejected: configuration'],
    [403, 'BadCertificate', 'rejected: credentials'],
    [403, 'BadCertificateEnvironment', 'rejected: credentials'],
    [403, 'ExpiredProviderToken', 'rejected: credentials'],
    [403, 'Forbidden', 'rejected: credentials'],
    [403, 'InvalidProviderToken', 'rejected: credentials'],
    [403, 'MissingProviderToken', 'rejected: credentials'],
    [403, 'UnrelatedKeyIdInToken', 'rejected: credentials'],
    [403, 'BadEnvironmentKeyIdInToken', 'rejected: credentials'],
    [404, 'BadPath', 'rejected: message'],
    [405, 'MethodNotAllowed', 'rejected: message'],
    [410, 'Unregistered', 'rejected: dead-address'],
    [410, 'ExpiredToken', 'rejected: dead-address'],
    [413, 'PayloadTooLarge', 'rejected: message'],
    [429, 'TooManyProviderTokenUpdates', 'unavailable: throttled'],
    [429, 'TooManyRequests', 'unavailable: throttled'],
    [500, 'InternalServerError', 'unavailable: server'],
    [503, 'ServiceUnavailable', 'unavailable: server'],
    [503, 'Shutdown', 'unavailable: server'],
  ];
  for (const [status, reason, means] of table) {
    it(`${status} ${reason} means ${means}, and the detail names it`, () => {
      assert.equal(short(status, { reason }), means);
      assert.match(JSON.stringify(outcome(status, { reason })), new RegExp(`apns\\.example answered ${status} ${reason}`));
    });
  }

  it('means sent only with 200', () => {
    assert.equal(short(200, ''), 'sent');
    assert.equal(short(204, ''), 'unavailable: garbage');
    assert.equal(short(302, ''), 'unavailable: garbage');
  });

  it('counts by its status where its reason is unknown', () => {
    assert.equal(short(400, { reason: 'SomethingNew' }), 'rejected: message');
    assert.equal(short(403, { reason: 'SomethingNew' }), 'rejected: credentials');
    assert.equal(short(410, { reason: 'SomethingNew' }), 'rejected: dead-address');
    assert.equal(short(429, { reason: 'SomethingNew' }), 'unavailable: throttled');
    assert.equal(short(502, { reason: 'SomethingNew' }), 'unavailable: server');
  });

  it('is garbage where APNs did not write it, unless the status suffices', () => {
    for (const body of ['', '<html>', '[]', 'null', '{"error":"x"}', '{"reason":7}'])
      assert.equal(short(400, body), 'unavailable: garbage');
    assert.equal(short(403, '<html>a firewall'), 'unavailable: garbage');
    assert.equal(short(410, ''), 'unavailable: garbage');
    assert.equal(short(503, '<html>'), 'unavailable: server');
    assert.equal(short(429, ''), 'unavailable: throttled');
  });

  it('does not mark an address dead that the phone registered after the timestamp of APNs', () => {
    const since = (timestamp: number) => short(410, { reason: 'Unregistered', timestamp });
    assert.equal(since(facts.since), 'rejected: dead-address');
    assert.equal(since(facts.since + 1), 'rejected: dead-address');
    assert.equal(since(facts.since - 1), 'rejected: message');
    assert.equal(short(410, { reason: 'ExpiredToken', timestamp: facts.since - 1 }), 'rejected: dead-address');
    assert.equal(short(410, { reason: 'Unregistered', timestamp: 'soon' }), 'rejected: dead-address');
  });

  it('passes the retry time on', () => {
    const wait = (status: number, after: string) => {
      const { kind, ...rest } = outcome(status, { reason: 'TooManyRequests' }, { 'retry-after': after });
      return kind === 'unavailable' && 'retryAfterMs' in rest ? rest.retryAfterMs : undefined;
    };
    assert.deepEqual([wait(429, '7'), wait(503, '900'), wait(429, 'later')], [7000, 900_000, undefined]);
  });

  it('repeats no text of the reply except a well-formed reason', () => {
    const device = 'ab'.repeat(32);
    const answer: Answer = answerOf(reply(400, { reason: `no such device ${device}` }));
    assert.equal(answer.reason, undefined);
    assert.doesNotMatch(JSON.stringify(outcomeOf({ ok: true, value: answer }, facts)), new RegExp(device));
  });

  it('is the wire error where no reply came', () => {
    assert.deepEqual(outcomeOf({ ok: false, error: 'tls' }, facts), { kind: 'unavailable', reason: 'tls', detail: 'apns.example' });
  });
});
