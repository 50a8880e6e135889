import assert from 'node:assert/strict';
import { openKeyMutex } from '../../../src/engine/key-mutex.ts';
import type { EngineParts } from '../../../src/engine/parts.ts';
import { checkPin } from '../../../src/engine/pins/pins.ts';
import type { PushToken, PushTokenChange } from '../../../src/foundation/model/index.ts';

/** Hashes that tell what they were made of; `old:` is one of the text as it was typed. */
const passwords = {
  matches: async (pin: string, stored: string) => stored === `new:${pin.normalize('NFC')}` || stored === `old:${pin}`,
  remembers: () => false,
  renewed: async (pin: string, stored: string) => (stored === `old:${pin}` ? `new:${pin.normalize('NFC')}` : undefined),
};

describe('A PIN whose hash was made of the text as it was typed', () => {
  /** `meanwhile`: the hash of a PIN that is set while this one is checked. */
  const given = (pinHash: string, meanwhile?: string) => {
    let token = { serial: 'S', version: 1, failCount: 0, maxFail: 10, pinHash } as PushToken;
    const parts = {
      settings: { lockout: 'token', clearFailuresMs: 0, countWrongPins: true },
      clock: () => 0,
      mutex: openKeyMutex(),
      passwords: {
        ...passwords,
        async matchesEach(pin: string, stored: readonly string[]) {
          if (meanwhile !== undefined) token = { ...token, pinHash: meanwhile, version: token.version + 1 };
          return Promise.all(stored.map((each) => passwords.matches(pin, each)));
        },
      },
      store: {
        findToken: async () => token,
        countFailure: async () => undefined,
        async changeToken(_serial: string, version: number, change: PushTokenChange) {
          if (version !== token.version) return 'conflict';
          token = { ...token, ...change, version: version + 1 } as PushToken;
          return 'changed';
        },
      },
    };
    const typist = { user: 'alice', realm: 'corp', authServer: 'vpn', client: undefined, serial: 'S' };
    const check = (pin: string) => checkPin(parts as unknown as EngineParts, { tokens: [token], typist }, pin);
    return { check, hash: () => token.pinHash };
  };
  const typed = 'u\u0308';

  it('is replaced by one of its usual form when it fits', async () => {
    const { check, hash } = given(`old:${typed}`);
    const checked = await check(typed);
    assert.equal(checked.kind === 'checked' && checked.matching.length, 1);
    assert.equal(hash(), 'new:\u00fc');
  });

  it('never takes the place of a PIN that was set meanwhile', async () => {
    const { check, hash } = given(`old:${typed}`, 'new:other');
    await check(typed);
    assert.equal(hash(), 'new:other');
  });

  it('stays as it is when it does not fit, and where nothing is to be replaced', async () => {
    const old = given(`old:${typed}`);
    await old.check('\u00fc');
    assert.equal(old.hash(), `old:${typed}`);
    const current = given('new:\u00fc');
    await current.check(typed);
    assert.equal(current.hash(), 'new:\u00fc');
  });
});
