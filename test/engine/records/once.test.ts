import assert from 'node:assert/strict';
import { join } from 'node:path';
import { once } from '../../../src/engine/records/once.ts';
import { newKeyring, openKeyring, rotatedKeyring } from '../../../src/foundation/keyring/index.ts';
import { openLog } from '../../../src/foundation/telemetry/index.ts';
import { openEmbeddedStore } from '../../../src/store/embedded/index.ts';
import { fakeClock, minutes, seconds } from '../../kit/clock.ts';
import { cleanup, temporaryFolder } from '../../kit/temporary.ts';

describe('A request with an idempotency key', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  const given = async () => {
    const log = openLog('silent');
    const store = await openEmbeddedStore({ path: join(temporaryFolder(undo), 'pushgate.db'), log });
    undo.later(() => store.close());
    const clock = fakeClock();
    const text = newKeyring(0);
    const parts = { store, clock, log, keyring: openKeyring(text) };
    let made = 0;
    const make = async (): Promise<string> => {
      made += 1;
      return `resource ${made}`;
    };
    return {
      store,
      clock,
      parts,
      rotate: () => Object.assign(parts, { keyring: openKeyring(rotatedKeyring(text, clock())) }),
      asks: (over: { authServer?: string; key?: string; digest?: string } = {}, work = make) =>
        once(parts, { authServer: 'shop', key: 'k1', digest: 'pay', ...over }, work),
    };
  };
  const done = (number: number, isRepeated = false) => ({ kind: 'done', resource: `resource ${number}`, isRepeated });

  it('gets the resource of the first one when it is repeated, for 24 hours, also after a rotation of the keyring', async () => {
    const { asks, clock, rotate } = await given();
    assert.deepEqual(await asks(), done(1));
    rotate();
    clock.advance(minutes(24 * 60) - 1);
    assert.deepEqual(await asks(), done(1, true));
    clock.advance(1);
    assert.deepEqual(await asks(), done(2));
  });

  it('is another one under another key, or from another auth server', async () => {
    const { asks } = await given();
    assert.deepEqual([await asks(), await asks({ key: 'k2' }), await asks({ authServer: 'bank' })], [done(1), done(2), done(3)]);
  });

  it('conflicts with the first one when its content differs', async () => {
    const { asks } = await given();
    await asks();
    assert.deepEqual(await asks({ digest: 'pay more' }), { kind: 'conflict', resource: 'resource 1' });
  });

  it('learns that the first one is under way, and may start anew a minute after its gateway died', async () => {
    const { asks, clock } = await given();
    // given a request that never ends
    const { promise: forever } = Promise.withResolvers<string>();
    void asks({}, () => forever);
    await new Promise(setImmediate);
    // then a repeated one does not run
    clock.advance(minutes(1));
    assert.deepEqual(await asks(), { kind: 'under-way' });
    assert.deepEqual(await asks({ digest: 'pay more' }), { kind: 'conflict', resource: undefined });
    // until a minute is over
    clock.advance(seconds(1));
    assert.deepEqual(await asks(), done(1));
  });

  it('may be repeated at once after it failed', async () => {
    const { asks } = await given();
    await assert.rejects(
      asks({}, () => Promise.reject(new Error('no phone'))),
      /no phone/,
    );
    assert.deepEqual(await asks(), done(1));
  });

  it('fails with its own error when the store cannot forget it', async () => {
    const { asks, parts } = await given();
    Object.assign(parts, { store: { ...parts.store, forgetRequest: () => Promise.reject(new Error('disk full')) } });
    await assert.rejects(
      asks({}, () => Promise.reject(new Error('no phone'))),
      /no phone/,
    );
  });

  it('leaves no digest in the store that tells its content', async () => {
    const { asks, store, parts } = await given();
    await asks({ digest: '{"pin":"1234"}' });
    const [stored] = await store.recordsOf('kept-request', undefined, 1);
    assert.ok(stored?.kind === 'kept-request');
    assert.match(stored.keptRequest.digest, new RegExp(`^${parts.keyring.currentKeyId}\\.[\\w-]{43}$`));
  });
});
