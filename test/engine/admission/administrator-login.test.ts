import assert from 'node:assert/strict';
import { join } from 'node:path';
import { checkAdministrator, openKeyMutex } from '../../../src/engine/index.ts';
import { openGuessLimits, openLoginQueue, openSourceLimits } from '../../../src/engine/limits/index.ts';
import { TurnedAway } from '../../../src/foundation/model/index.ts';
import { openLog, openMetrics } from '../../../src/foundation/telemetry/index.ts';
import { openEmbeddedStore } from '../../../src/store/embedded/index.ts';
import { fakeClock, minutes } from '../../kit/clock.ts';
import { cleanup, temporaryFolder } from '../../kit/temporary.ts';

const here = '192.0.2.1';
const box = '10.0.0.5';

describe('The password of an administrator', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  /** Gateways on one store, where `admin` has the password `right`. An attempt is `right`, `wrong`, or the minutes that it has to wait. */
  const given = async () => {
    const store = await openEmbeddedStore({ path: join(temporaryFolder(undo), 'pushgate.db'), log: openLog('silent') });
    undo.later(() => store.close());
    const clock = fakeClock(0);
    const metrics = openMetrics('test');
    const checked: string[] = [];
    const gateway = () => {
      const tell = () => undefined;
      const settings = { failures: 1_000_000, windowMs: minutes(10) };
      const parts = {
        store,
        clock,
        metrics,
        tell,
        mutex: openKeyMutex(),
        loginQueue: openLoginQueue({ metrics, tell }),
        limits: openSourceLimits({ store, clock, metrics, tell, settings }),
        guesses: openGuessLimits({ store, clock }),
        accounts: {
          check: async (name: string, password: string) => {
            checked.push(name);
            return name === 'admin' && password === 'right';
          },
        },
      };
      return async (password: string, { name = 'admin', source = here, isApart = false } = {}): Promise<string | number> => {
        try {
          return await checkAdministrator(parts, { name, password, source, isApart });
        } catch (error) {
          assert.ok(error instanceof TurnedAway);
          return error.retryAfterMs / minutes(1);
        }
      };
    };
    return { clock, checked, logIn: gateway(), elsewhere: gateway(), metrics };
  };
  const times = (count: number, work: (index: number) => Promise<unknown>) =>
    Promise.all(Array.from({ length: count }, (_, at) => work(at)));

  it('may be guessed at ten times from a network, and then in ever longer waits, at whichever gateway', async () => {
    const { clock, checked, logIn, elsewhere } = await given();
    assert.deepEqual(new Set(await times(10, () => logIn('guess'))), new Set(['wrong']));
    // while it waits, nobody looks at the right one either
    assert.deepEqual([await logIn('right'), checked.length], [1, 10]);
    for (const wait of [1, 2, 4, 8, 16, 32, 60, 60]) {
      clock.advance(minutes(wait) - 1);
      assert.notEqual(await logIn('guess'), 'wrong', `before ${wait} minutes are over`);
      clock.advance(1);
      assert.equal(await logIn('guess'), 'wrong', `after ${wait} minutes`);
    }
    assert.equal(await elsewhere('right'), 60);
  });

  it('is taken from another network all the while, and for another account', async () => {
    const { logIn } = await given();
    await times(11, () => logIn('guess'));
    assert.equal(await logIn('right', { source: '198.51.100.7' }), 'right');
    assert.equal(await logIn('guess', { name: 'other' }), 'wrong');
  });

  it('begins anew with the right one', async () => {
    const { clock, logIn, elsewhere } = await given();
    await times(9, () => elsewhere('guess'));
    assert.equal(await logIn('right'), 'right');
    clock.advance(minutes(61));
    assert.deepEqual(new Set(await times(9, () => logIn('guess'))), new Set(['wrong']));
    assert.equal(await logIn('right'), 'right');
  });

  it('forgives now and then a wrong one to a network that is right all the time', async () => {
    const { logIn } = await given();
    for (let day = 0; day < 15; day += 1)
      assert.deepEqual([await logIn('typo'), await logIn('right'), await logIn('right')], ['wrong', 'right', 'right']);
    // and is no way to guess without end
    const guesses = await times(20, () => logIn('guess'));
    assert.equal(guesses.filter((each) => each === 'wrong').length, 10);
  });

  it('counts a /64 of IPv6 as one network', async () => {
    const { logIn } = await given();
    await times(10, (at) => logIn('guess', { source: `2001:db8::${at + 1}` }));
    assert.equal(await logIn('right', { source: '2001:db8::ffff' }), 1);
    assert.equal(await logIn('right', { source: '2001:db8:0:1::1' }), 'right');
  });

  it('waits for everybody after a hundred guesses from many networks, but not for the network of its auth server', async () => {
    // given an account that an auth server lists, and strangers who guess from a hundred networks
    const { clock, logIn } = await given();
    await times(100, (at) => logIn('guess', { source: `198.51.100.${at}` }));
    assert.equal(await logIn('guess', { source: '203.0.113.1' }), 'wrong', 'who begins the wait has one try');
    // when it logs in from its auth server's network, and from anywhere
    const fromBox = await logIn('right', { source: box, isApart: true });
    const fromElsewhere = await logIn('right', { source: '203.0.113.2' });
    // then only the first one gets in, until the wait is over
    assert.equal(fromBox, 'right');
    assert.ok(typeof fromElsewhere === 'number');
    clock.advance(minutes(fromElsewhere));
    assert.equal(await logIn('right', { source: '203.0.113.2' }), 'right');
  });

  it('may be guessed at no more often by a burst', async () => {
    const { checked, logIn, elsewhere } = await given();
    await times(40, (at) => (at % 2 === 0 ? logIn : elsewhere)('guess'));
    assert.ok(checked.length <= 10, String(checked.length));
  });

  it('is checked alike for names that nobody has, and costs no counter for what no account is called', async () => {
    const { checked, logIn } = await given();
    await times(11, () => logIn('guess', { name: 'nobody' }));
    assert.equal(await logIn('guess', { name: 'nobody' }), 1);
    checked.length = 0;
    await times(20, () => logIn('guess', { name: 'not a name' }));
    assert.equal(checked.length, 20);
  });
});
