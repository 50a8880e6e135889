import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type Accounts, openAccounts } from '../../../src/engine/users/index.ts';
import { createPasswords, newKeyring, openKeyring } from '../../../src/foundation/keyring/index.ts';
import { localActor } from '../../../src/foundation/model/index.ts';
import { openLog } from '../../../src/foundation/telemetry/index.ts';
import { openEmbeddedStore } from '../../../src/store/embedded/index.ts';
import { withoutAudit } from '../../kit/audit.ts';
import { fakeClock, seconds } from '../../kit/clock.ts';
import { cheapParts } from '../../kit/prepared-keys.ts';
import { cleanup, temporaryFolder } from '../../kit/temporary.ts';

const by = localActor('root');

describe('Accounts that several gateways look after', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  /** Two gateways on one store, with the accounts `one` and `other`. */
  const given = async () => {
    const store = await openEmbeddedStore({ path: join(temporaryFolder(undo), 'pushgate.db'), log: openLog('silent') });
    undo.later(() => store.close());
    const keyring = openKeyring(newKeyring(0));
    const passwords = createPasswords(keyring, cheapParts.hashCost);
    const clock = fakeClock(0);
    const open = (): Accounts => openAccounts({ store, passwords, clock, tell: () => undefined, audit: withoutAudit() });
    const [here, there] = [open(), open()];
    await here.set(by, 'one', 'first');
    await here.set(by, 'other', 'second');
    return { store, keyring, clock, here, there };
  };
  const enabledIn = async (accounts: Accounts): Promise<string[]> =>
    (await accounts.list()).filter(({ enabled }) => enabled).map(({ name }) => name);

  for (const [first, second] of [
    ['disable', 'disable'],
    ['remove', 'disable'],
    ['remove', 'remove'],
  ] as const) {
    it(`keep one that is enabled, when ${first} and ${second} meet: what nobody could log in after is undone`, async () => {
      // when each gateway takes another account away at the same moment
      const { here, there } = await given();
      const ends = await Promise.all([here[first](by, 'one'), there[second](by, 'other')]);
      // then at least one of them is told so, and that account is as it was
      assert.ok(ends.includes('last-account'), String(ends));
      const [name = ''] = await enabledIn(here);
      assert.equal(await there.check(name, name === 'one' ? 'first' : 'second'), true);
    });
  }

  it('are seen as another gateway has left them within a second, and as this one has left them at once', async () => {
    const { clock, here, there } = await given();
    assert.ok((await here.sealOf('one')) !== undefined && (await there.sealOf('one')) !== undefined);
    await here.disable(by, 'one');
    assert.equal(await here.sealOf('one'), undefined);
    clock.advance(seconds(1));
    assert.equal(await there.sealOf('one'), undefined);
  });

  it('have another seal after a new password, which says nothing of it', async () => {
    const { store, here } = await given();
    const before = await here.sealOf('one');
    await here.set(by, 'one', 'third');
    const after = await here.sealOf('one');
    assert.ok(before !== undefined && after !== undefined && before !== after);
    const hash = (await store.findAccount('one'))?.passwordHash ?? '';
    assert.ok(!hash.includes(after));
  });

  it('have another seal after they were disabled, so that no token of before counts when they are enabled again', async () => {
    const { here } = await given();
    const before = await here.sealOf('one');
    await here.disable(by, 'one');
    await here.enable(by, 'one');
    const after = await here.sealOf('one');
    assert.ok(before !== undefined && after !== undefined && before !== after);
  });

  it('that an older version stored have the seal that it gave them, until they change', async () => {
    const { store, here } = await given();
    await store.putAccount({ name: 'old', passwordHash: 'h', createdAt: 1 });
    const before = await here.sealOf('old');
    assert.match(before ?? '', /^[\w-]{16}$/);
    await here.set(by, 'old', 'new');
    assert.notEqual(await here.sealOf('old'), before);
  });

  it('are given a hash as new ones have at the next login, which ends no session and changes no password', async () => {
    const { store, keyring, clock, here } = await given();
    const dearer = createPasswords(keyring, { N: 16, r: 8, p: 5 });
    const later = openAccounts({ store, passwords: dearer, clock, tell: () => undefined, audit: withoutAudit() });
    const hash = async () => (await store.findAccount('one'))?.passwordHash ?? '';
    const [before, seal] = [await hash(), await here.sealOf('one')];
    // a wrong password changes nothing
    assert.equal(await later.check('one', 'second'), false);
    assert.equal(await hash(), before);
    assert.equal(await later.check('one', 'first'), true);
    assert.match(await hash(), /\$16\$8\$5\$/);
    assert.deepEqual([await here.check('one', 'first'), await later.check('one', 'second')], [true, false]);
    assert.equal(await later.sealOf('one'), seal);
  });

  it('are made once by whom comes first, and keep their beginning with a new password', async () => {
    const { clock, here, there } = await given();
    clock.advance(seconds(5));
    const made = await Promise.all([here.set(by, 'new', 'a'), there.set(by, 'new', 'b')]);
    assert.equal(made.filter((each) => each.made).length, 1);
    await here.set(by, 'one', 'third');
    assert.equal((await here.list()).find(({ name }) => name === 'one')?.createdAt, 0);
  });
});
