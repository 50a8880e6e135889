import assert from 'node:assert/strict';
import { join } from 'node:path';
import { effectsOf } from '../../../src/engine/decisions/effects.ts';
import { clientKey, isKnownClient, rememberClient } from '../../../src/engine/limits/index.ts';
import { openLog } from '../../../src/foundation/telemetry/index.ts';
import { openEmbeddedStore } from '../../../src/store/embedded/index.ts';
import { fakeClock, minutes } from '../../kit/clock.ts';
import { givenChallenge, givenTransaction } from '../../kit/records.ts';
import { cleanup, temporaryFolder } from '../../kit/temporary.ts';

const days = (count: number): number => minutes(count * 24 * 60);

describe('The clients that a user is known at', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  const given = async () => {
    const store = await openEmbeddedStore({ path: join(temporaryFolder(undo), 'pushgate.db'), log: openLog('silent') });
    undo.later(() => store.close());
    const clock = fakeClock();
    const home = clientKey('vpn', '198.51.100.7');
    return {
      clock,
      home,
      accepts: (user: string, client = home) => rememberClient({ store }, { client, user, at: clock() }),
      isKnown: (user: string, client = home) => isKnownClient({ store, clock }, { client, user }),
    };
  };

  it('are those whose logins a phone accepted within 30 days, for each user and auth server', async () => {
    const { clock, accepts, isKnown } = await given();
    // given alice, whose phone accepted a login from home
    await accepts('alice');
    // then she is known there for 30 days, and nobody else is, and nowhere else
    clock.advance(days(30) - 1);
    assert.deepEqual([await isKnown('alice'), await isKnown('bob')], [true, false]);
    assert.deepEqual(
      [await isKnown('alice', clientKey('wiki', '198.51.100.7')), await isKnown('alice', clientKey('vpn', '198.51.100.8'))],
      [false, false],
    );
    clock.advance(1);
    assert.equal(await isKnown('alice'), false);
    // and each accept begins the 30 days anew
    await accepts('alice');
    clock.advance(days(29));
    await accepts('alice');
    clock.advance(days(29));
    assert.equal(await isKnown('alice'), true);
  });

  it('do not count where one value is told for more than 20 users, as of a server that all dial in at', async () => {
    const { clock, accepts, isKnown } = await given();
    for (let user = 1; user <= 20; user += 1) await accepts(`user${user}`);
    assert.equal(await isKnown('user1'), true);
    await accepts('user21');
    assert.deepEqual([await isKnown('user1'), await isKnown('user21')], [false, false]);
    // until it is used by fewer
    clock.advance(days(20));
    await accepts('user7');
    clock.advance(days(10));
    assert.equal(await isKnown('user7'), true);
  });

  it('are none where no client is told', async () => {
    const { clock } = await given();
    const store = { personsOf: () => assert.fail('nobody is asked'), rememberPerson: () => assert.fail() };
    assert.equal(await isKnownClient({ store, clock }, { client: undefined, user: 'alice' }), false);
  });

  it('are remembered by the decision itself, whoever carries that out', () => {
    const challenges = [givenChallenge({ state: 'accepted' })];
    const next = { ...givenTransaction().decision, state: 'accepted' as const, version: 1, challenges };
    const before = givenTransaction({ client: 'home' });
    const [id, serial] = ['00100000000000000001:1:PIPU00010001:yes', 'PIPU00010001'];
    assert.deepEqual(effectsOf(before, next, 7), [
      { id, kind: 'phone-accepted', serial, at: 7, user: 'alice', realm: 'corp', client: 'home' },
    ]);
    // once: not again when the auth server takes the login
    const taken = effectsOf({ ...before, decision: next }, { ...next, state: 'consumed', version: 2 }, 8);
    assert.deepEqual(
      taken.map(({ kind }) => kind),
      ['login-succeeded'],
    );
  });
});
