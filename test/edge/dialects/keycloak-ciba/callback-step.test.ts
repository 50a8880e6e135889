import assert from 'node:assert/strict';
import {
  type CallbackStatus,
  type CallbackStep,
  type CallbackTry,
  stepAfter,
} from '../../../../src/edge/dialects/keycloak-ciba/callback-step.ts';
import { seconds } from '../../../kit/clock.ts';

const replied = (status: number, body: object = {}): CallbackTry['reply'] => ({ ok: true, value: { status, body: JSON.stringify(body) } });
const failed = (error: 'timeout' | 'connection' | 'tls', sent: boolean): CallbackTry['reply'] => ({ ok: false, error: { error, sent } });
const pingFailed = { error: 'invalid_request', error_description: 'Failed to send request to client notification endpoint' };
const noEndpoint = { error: 'invalid_request', error_description: 'Client notification endpoint not set, cannot ping' };
const badStatus = { error: 'invalid_request', error_description: 'Invalid authentication status' };

describe('What follows a try of a callback', () => {
  const late = { age: seconds(30), left: seconds(60), tries: 1 };
  const soon = { age: 500, left: seconds(110), tries: 1 };
  const approvals: [string, CallbackTry['reply'], Omit<CallbackTry, 'status' | 'reply'>, CallbackStep['kind'], CallbackStep['kind']][] = [
    // the reply; then what follows an approval, and a denial
    ['200', replied(200), late, 'delivered', 'delivered'],
    ['400, since the ping failed', replied(400, pingFailed), late, 'delivered', 'delivered'],
    ['400, since the client takes no ping', replied(400, noEndpoint), late, 'delivered', 'delivered'],
    ['400 for the status', replied(400, badStatus), late, 'lost', 'lost'],
    ['400 with an odd body', replied(400, { error_description: 7 }), late, 'lost', 'lost'],
    ['401', replied(401), late, 'lost', 'lost'],
    ['403 half a second after the 201', replied(403), soon, 'again', 'again'],
    ['403 two seconds after the 201', replied(403), { ...soon, age: seconds(2) }, 'lost', 'lost'],
    ['404', replied(404), late, 'lost', 'lost'],
    ['a redirect', replied(302), late, 'lost', 'lost'],
    ['415', replied(415), late, 'lost', 'lost'],
    ['204', replied(204), late, 'unknown', 'again'],
    ['500', replied(500), late, 'unknown', 'again'],
    ['502', replied(502), late, 'unknown', 'again'],
    ['no connection', failed('connection', false), late, 'again', 'again'],
    ['no TLS', failed('tls', false), late, 'again', 'again'],
    ['no connection in time', failed('timeout', false), late, 'again', 'again'],
    ['a reset after it was sent', failed('connection', true), late, 'unknown', 'again'],
    ['no reply in time', failed('timeout', true), late, 'unknown', 'again'],
    ['no connection, and the token ends', failed('connection', false), { ...late, left: 900 }, 'lost', 'lost'],
    ['500, and the token ends', replied(500), { ...late, left: 900 }, 'unknown', 'lost'],
  ];
  for (const [what, reply, times, approval, denial] of approvals)
    it(`after ${what}: an approval is ${approval}, a denial ${denial}`, () => {
      const kindFor = (status: CallbackStatus) => stepAfter({ status, reply, ...times }).kind;
      assert.deepEqual([kindFor('SUCCEED'), kindFor('CANCELLED'), kindFor('UNAUTHORIZED')], [approval, denial, denial]);
    });

  it('waits longer after each failure, and ten seconds at most', () => {
    const waits = [1, 2, 3, 4, 5, 9].map((tries) => stepAfter({ status: 'SUCCEED', reply: failed('connection', false), ...late, tries }));
    assert.deepEqual(
      waits.map((step) => step.kind === 'again' && step.afterMs),
      [1000, 2000, 4000, 8000, 10_000, 10_000],
    );
  });
});
