import assert from 'node:assert/strict';
import { openTurns } from '../../../src/engine/key-mutex.ts';
import type { EngineParts } from '../../../src/engine/parts.ts';
import { spendLikePin } from '../../../src/engine/pins/equal-timing.ts';
import type { PinRule } from '../../../src/engine/pins/login-pin.ts';

describe('A PIN of who has no push token', () => {
  /** What a rule costs: PINs that were hashed, and names whose password was asked for. */
  const costOf = async (rule: PinRule, verdict = 'unknown-user') => {
    const hashed: string[] = [];
    const asked: string[][] = [];
    const parts = {
      turns: openTurns(),
      passwords: { spend: async (pin: string) => void hashed.push(pin) },
      directory: {
        async checkPassword(...question: string[]) {
          asked.push(question);
          return verdict;
        },
      },
    };
    await spendLikePin(parts as unknown as EngineParts, { pin: 'guess', rule, user: 'mallory', realm: 'corp', client: '10.0.0.1' });
    return { hashed, asked };
  };

  it('costs one hash, as a wrong one does', async () => assert.deepEqual(await costOf('tokenpin'), { hashed: ['guess'], asked: [] }));

  it('costs one question to the directory where the PIN is a password, under a name that is nobody', async () => {
    for (const verdict of ['unknown-user', 'unavailable', 'unlisted']) {
      const { hashed, asked } = await costOf('userstore', verdict);
      assert.deepEqual([hashed, asked.length, asked[0]?.slice(1)], [[], 1, ['corp', 'guess']]);
      assert.match(asked[0]?.[0] ?? '', /^[0-9a-f]{32}$/);
    }
  });

  it('costs nothing where no PIN does', async () => {
    for (const rule of ['none', 'any'] as const) assert.deepEqual(await costOf(rule), { hashed: [], asked: [] });
  });
});
