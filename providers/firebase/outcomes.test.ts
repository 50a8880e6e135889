import assert from 'node:assert/strict';
import type { HttpReply } from '../../src/delivery/provider-kit/index.ts';
import { fromFcm, fromProbe, isStaleToken } from './outcomes.ts';

const fcmError = (errorCode: string) => ({ '@type': 'type.googleapis.com/google.firebase.fcm.v1.FcmError', errorCode });
const violation = (field: string) => ({
  '@type': 'type.googleapis.com/google.rpc.BadRequest',
  fieldViolations: [{ field, description: 'Invalid value' }],
});

/** A reply as Google writes it. */
const reply = (status: number, error: { status?: string; message?: string; details?: object[] } | string, headers = {}): HttpReply => ({
  status,
  reason: '',
  headers,
  body: typeof error === 'string' ? error : JSON.stringify({ error: { code: status, message: '', ...error } }),
});

describe('A reply of FCM', () => {
  const now = Date.UTC(2026, 2, 1, 10);
  const short = (answer: HttpReply): string => {
    const { kind, reason } = fromFcm(answer, 'fcm.example', now);
    return `${kind} ${reason}`;
  };

  const table: [what: string, answer: HttpReply, outcome: string][] = [
    ['a name', reply(200, '{"name":"projects/acme/messages/1"}'), 'sent undefined'],
    ['no name', reply(200, '{}'), 'unavailable garbage'],
    ['a page', reply(200, '<html>'), 'unavailable garbage'],
    ['an empty body', reply(204, ''), 'unavailable garbage'],
    ['a redirect', reply(302, ''), 'rejected configuration'],
    ['UNREGISTERED', reply(404, { status: 'NOT_FOUND', details: [fcmError('UNREGISTERED')] }), 'rejected dead-address'],
    ['404 of no project', reply(404, { status: 'NOT_FOUND', message: 'Requested entity was not found.' }), 'rejected configuration'],
    ['404 that is a page', reply(404, '<html>'), 'rejected configuration'],
    [
      'INVALID_ARGUMENT for the token, by its field',
      reply(400, { details: [fcmError('INVALID_ARGUMENT'), violation('message.token')] }),
      'rejected dead-address',
    ],
    [
      'INVALID_ARGUMENT for the token, in words',
      reply(400, {
        message: 'The registration token is not a valid FCM registration token',
        details: [fcmError('INVALID_ARGUMENT')],
      }),
      'rejected dead-address',
    ],
    [
      'INVALID_ARGUMENT for another field',
      reply(400, { details: [fcmError('INVALID_ARGUMENT'), violation('message.android.ttl')] }),
      'rejected message',
    ],
    [
      'INVALID_ARGUMENT for the size',
      reply(400, { message: 'Android message is too big', details: [fcmError('INVALID_ARGUMENT')] }),
      'rejected message',
    ],
    ['400 without a code', reply(400, { status: 'INVALID_ARGUMENT', message: 'Invalid JSON payload received.' }), 'rejected message'],
    ['UNAUTHENTICATED', reply(401, { status: 'UNAUTHENTICATED' }), 'rejected credentials'],
    ['THIRD_PARTY_AUTH_ERROR', reply(401, { details: [fcmError('THIRD_PARTY_AUTH_ERROR')] }), 'rejected configuration'],
    ['SENDER_ID_MISMATCH', reply(403, { details: [fcmError('SENDER_ID_MISMATCH')] }), 'rejected configuration'],
    ['PERMISSION_DENIED', reply(403, { status: 'PERMISSION_DENIED' }), 'rejected credentials'],
    ['413', reply(413, ''), 'rejected message'],
    ['QUOTA_EXCEEDED', reply(429, { details: [fcmError('QUOTA_EXCEEDED')] }), 'unavailable throttled'],
    ['429 without a code', reply(429, ''), 'unavailable throttled'],
    ['INTERNAL', reply(500, { details: [fcmError('INTERNAL')] }), 'unavailable server'],
    ['502', reply(502, '<html>'), 'unavailable server'],
    ['UNAVAILABLE', reply(503, { details: [fcmError('UNAVAILABLE')] }), 'unavailable server'],
    ['504', reply(504, ''), 'unavailable server'],
    ['UNSPECIFIED_ERROR', reply(400, { details: [fcmError('UNSPECIFIED_ERROR')] }), 'rejected message'],
    ['an error that is none', reply(400, '{"error":"no"}'), 'rejected message'],
    ['a code that is no word', reply(404, { details: [fcmError('UNREGISTERED please')] }), 'rejected configuration'],
  ];
  for (const [what, answer, outcome] of table) {
    it(`means "${outcome.replace(' undefined', '')}" for ${what} (${answer.status})`, () => assert.equal(short(answer), outcome));
  }

  it('gives the retry time: as stated, else a minute for throttling, else none', () => {
    const wait = (status: number, headers = {}) => {
      const outcome = fromFcm(reply(status, '', headers), 'fcm.example', now);
      return 'retryAfterMs' in outcome ? outcome.retryAfterMs : undefined;
    };
    const date = { 'retry-after': new Date(now + 90_000).toUTCString() };
    assert.deepEqual(
      [wait(429), wait(429, { 'retry-after': '7' }), wait(429, date), wait(503), wait(503, { 'retry-after': '30' })],
      [60_000, 7000, 90_000, undefined, 30_000],
    );
  });

  it('is shown to operators by status and code alone', () => {
    const said = fromFcm(reply(404, { message: 'fcm-secret-token', details: [fcmError('UNREGISTERED')] }), 'fcm.example', now);
    assert.deepEqual(said, { kind: 'rejected', reason: 'dead-address', detail: 'fcm.example answered 404 UNREGISTERED' });
    const strange = fromFcm(reply(400, { status: 'fcm-secret-token', details: [fcmError('fcm-secret-token')] }), 'fcm.example', now);
    assert.ok(!JSON.stringify(strange).includes('secret'));
  });

  it('requires a new access token only where the old one was refused', () => {
    assert.equal(isStaleToken(reply(401, { status: 'UNAUTHENTICATED' })), true);
    assert.equal(isStaleToken(reply(401, { details: [fcmError('THIRD_PARTY_AUTH_ERROR')] })), false);
    assert.equal(isStaleToken(reply(403, { status: 'PERMISSION_DENIED' })), false);
  });

  it('proves the credentials as soon as it concerns the registration token', () => {
    const probed = (answer: HttpReply) => fromProbe(fromFcm(answer, 'fcm.example', now));
    assert.equal(probed(reply(400, { details: [fcmError('INVALID_ARGUMENT'), violation('message.token')] })).ok, true);
    assert.equal(probed(reply(404, { details: [fcmError('UNREGISTERED')] })).ok, true);
    assert.equal(probed(reply(400, { status: 'INVALID_ARGUMENT', message: 'Request contains an invalid argument.' })).ok, true);
    const problems: [HttpReply, RegExp][] = [
      [reply(400, '<html>'), /answered 400/],
      [reply(405, ''), /answered 405/],
      [reply(403, { status: 'PERMISSION_DENIED' }), /403 PERMISSION_DENIED: enable the .* API .* role/],
      [reply(404, { status: 'NOT_FOUND' }), /404 NOT_FOUND: there is no such Firebase project. Check project_id/],
      [reply(401, { status: 'UNAUTHENTICATED' }), /401 UNAUTHENTICATED: .*access token/],
      [reply(503, ''), /answered 503 \(server\)/],
      [reply(200, '<html>'), /not a server of Google/],
    ];
    for (const [answer, sentence] of problems) {
      const result = probed(answer);
      assert.match(result.ok ? 'ok' : result.problem, sentence);
    }
    const unreachable = fromProbe({ kind: 'unavailable', reason: 'tls', detail: 'fcm.example' });
    assert.match(unreachable.ok ? 'ok' : unreachable.problem, /not trusted: configure its authority in ca/);
  });
});
