import assert from 'node:assert/strict';
import { grantIn } from './key-file-grants.ts';

const now = Date.UTC(2026, 2, 1, 10);
const day = 86_400_000;

describe('An access token from the token endpoint', () => {
  /** The lifetime that the endpoint gives, in seconds, and the lifetime that is used, in ms. */
  const lives: readonly [saysSeconds: number, believedMs: number][] = [
    [3599, 3_599_000],
    [86_400, day],
    [86_401, day],
    [1e308, day],
  ];
  for (const [saysSeconds, believedMs] of lives)
    it(`with a stated lifetime of ${saysSeconds} s is used for ${believedMs} ms`, () => {
      const body = JSON.stringify({ access_token: 'ya29.a', expires_in: saysSeconds });
      const granted = grantIn({ status: 200, reason: 'OK', headers: {}, body }, 'oauth2.example', { project: 'p', now, repliedAt: now });
      assert.equal(granted.ok && granted.value.expiresAt, now + believedMs);
    });
});
