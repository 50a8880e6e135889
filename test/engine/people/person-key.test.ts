import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { EngineParts } from '../../../src/engine/parts.ts';
import { isBegunBy, isOwnedBy, isSameUser, type NamedAgain, tokensNamed, tokensOf } from '../../../src/engine/people/person-key.ts';
import { openRealms } from '../../../src/engine/users/index.ts';
import type { Named, Owner } from '../../../src/foundation/model/index.ts';
import { openLog } from '../../../src/foundation/telemetry/index.ts';
import { openPolicy, ruleConfig } from '../../../src/policy/index.ts';
import { openEmbeddedStore } from '../../../src/store/embedded/index.ts';
import { namePairs } from '../../kit/name-pairs.ts';
import { givenPushToken, givenTransaction } from '../../kit/records.ts';
import { cleanup, temporaryFolder } from '../../kit/temporary.ts';

const realms = openRealms([
  { name: 'corp', default: true, ignoreCase: false },
  { name: 'lax', default: false, ignoreCase: true },
]);
/** The realm `corp` has the sources staff and guests; `lax` has none. */
const directory = { sourceNames: (realm: string) => (realm === 'corp' ? ['staff', 'guests'] : []) } as unknown as EngineParts['directory'];
const parts = { realms, directory };

describe('The user whom a name means', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  for (const { what, one, other, isOne, isOneIgnoringCase } of namePairs) {
    it(`is told for ${what}: ${isOne ? 'one' : 'two'}, and ${isOneIgnoringCase ? 'one' : 'two'} where the realm ignores case`, () => {
      const isSame = (realm: string) => isSameUser(parts, { user: one, realm }, { user: other, realm });
      assert.deepEqual(
        [isSame('corp'), isSame('CORP'), isSame('lax'), isSame('LAX')],
        [isOne, isOne, isOneIgnoringCase, isOneIgnoringCase],
      );
      // and a policy for the one matches the other alike; its star stands for any text
      if (one.includes('*')) return;
      const fits = (entry: string, ignoreCase: boolean): boolean => {
        const rule = ruleConfig.parse({ name: 'x', match: { user: [entry] }, actions: { push_title_on_mobile: 'hit' } });
        return openPolicy([rule]).value('push_title_on_mobile', { now: 0, user: other, realm: 'corp', ignoreCase }) === 'hit';
      };
      for (const entry of [one, `${one}@CORP`])
        assert.deepEqual([fits(entry, false), fits(entry, true)], [isOne, isOneIgnoringCase], entry);
    });
  }

  it('is of one realm only, whose case never counts', () => {
    assert.equal(isSameUser(parts, { user: 'bob', realm: 'corp' }, { user: 'bob', realm: 'Corp' }), true);
    assert.equal(isSameUser(parts, { user: 'bob', realm: 'corp' }, { user: 'bob', realm: 'lax' }), false);
  });

  it('is told by the id of the source where both have one, whatever the names', () => {
    const alice = { user: 'alice', realm: 'corp', resolver: 'staff', userid: '7' };
    assert.equal(isSameUser(parts, alice, { ...alice, user: 'alice.liddell' }), true);
    assert.equal(isSameUser(parts, alice, { ...alice, userid: '8' }), false);
    // and by the name as it is written where one has none, since the source may tell Alice and alice apart in any realm
    for (const realm of ['corp', 'lax']) {
      assert.equal(isSameUser(parts, { ...alice, realm }, { user: 'alice', realm }), true);
      assert.equal(isSameUser(parts, { ...alice, realm }, { user: 'Alice', realm }), false);
    }
  });

  const alice: Owner = { user: 'alice', realm: 'corp', resolver: 'staff', userid: '7' };
  const unnumbered: Owner = { user: 'alice', realm: 'corp', resolver: 'staff' };
  const owners: [what: string, owner: Owner, asked: Named & { typed?: string }, isTheirs: boolean][] = [
    ['the same id', alice, alice, true],
    ['the same id under a new name', alice, { ...alice, user: 'alice.liddell' }, true],
    ['another id under the same name', alice, { ...alice, userid: '8' }, false],
    ['the same id in another source', alice, { ...alice, resolver: 'guests' }, false],
    ['the same id and name in another realm', alice, { ...alice, realm: 'lax' }, false],
    ['the name alone, where no source was asked', alice, { user: 'alice', realm: 'corp' }, true],
    ['the name in another case, where no source was asked', alice, { user: 'Alice', realm: 'corp' }, false],
    ['an owner whose id no older version stored', unnumbered, alice, true],
    ['such an owner in another case', unnumbered, { ...alice, user: 'Alice' }, false],
    ['an owner of no source', { ...unnumbered, resolver: '' }, alice, true],
    ['an owner of no source in another case', { ...unnumbered, resolver: '' }, { ...alice, user: 'Alice' }, false],
    [
      'an owner of no source by the name that was typed',
      { ...unnumbered, user: 'ALICE', resolver: '' },
      { ...alice, typed: 'ALICE' },
      true,
    ],
    ['an owner of a source that the realm has no more', { ...alice, resolver: 'gone' }, alice, true],
    ['such an owner of another name', { ...alice, resolver: 'gone' }, { ...alice, user: 'bob' }, false],
  ];
  for (const [what, owner, asked, isTheirs] of owners)
    it(`${isTheirs ? 'owns' : 'does not own'} a push token by ${what}`, () => assert.equal(isOwnedBy(parts, owner, asked), isTheirs));

  /** What a transaction remembers of the user who began it, beside the realm; and how a later request names a user. */
  const inStaff = { user: 'alice', resolver: 'staff', userid: '7' };
  const inGuests = { user: 'alice', resolver: 'guests', userid: '7' };
  const begun: [what: string, by: object, again: Omit<NamedAgain, 'realm'> & { realm?: string }, isTheirs: boolean][] = [
    ['the same words', inStaff, { user: 'alice' }, true],
    ['the same words in another case of the realm', inStaff, { user: 'alice', realm: 'Corp' }, true],
    ['another realm', inStaff, { user: 'alice', realm: 'lax' }, false],
    ['another case', inStaff, { user: 'Alice' }, false],
    [
      'another case where the realm ignores it and no source knows the user',
      { user: 'alice', realm: 'lax' },
      { user: 'ALICE', realm: 'lax' },
      true,
    ],
    ['another case where a source knows the user', { ...inStaff, realm: 'lax' }, { user: 'ALICE', realm: 'lax' }, false],
    ['the name that was typed, where the source writes another', { ...inStaff, typed: 'ALICE' }, { user: 'ALICE' }, true],
    ['the name that the source writes, in the first source', { ...inStaff, typed: 'ALICE' }, { user: 'alice' }, true],
    ['that name in another source, whose users the first one hides', { ...inGuests, typed: 'al' }, { user: 'alice' }, false],
    ['the user of the second source, in the same words', inGuests, { user: 'alice' }, true],
    ['no source, where the second was named', { ...inGuests, source: 'guests' }, { user: 'alice' }, false],
    ['the first source, where the second was named', { ...inGuests, source: 'guests' }, { user: 'alice', source: 'staff' }, false],
    ['the source that knows the user, where none was named', inGuests, { user: 'alice', source: 'guests' }, true],
    ['no source, where the first was named', { ...inStaff, source: 'staff' }, { user: 'alice' }, true],
    ['a source that does not exist', inStaff, { user: 'alice', source: 'nosuch' }, false],
  ];
  for (const [what, by, again, isTheirs] of begun)
    it(`${isTheirs ? 'is seen to finish a login' : 'has to be looked up'} by ${what}`, () => {
      const transaction = { ...givenTransaction(), realm: 'corp', ...by };
      assert.equal(isBegunBy(parts, transaction, { realm: 'corp', ...again }), isTheirs);
    });

  it('is not stopped with a user whom the source tells apart, even where the realm ignores case', async () => {
    const store = await openEmbeddedStore({ path: join(temporaryFolder(undo), 'pushgate.db'), log: openLog('silent') });
    undo.later(() => store.close());
    const bob = { user: 'bob', realm: 'lax', resolver: 'staff', userid: 'bob' };
    for (const user of ['Bob', 'bob']) await store.addToken(givenPushToken({ serial: user, owner: { ...bob, user, userid: user } }));
    await store.addToken(givenPushToken({ serial: 'OLD', owner: { user: 'BOB', realm: 'lax', resolver: '' } }));
    const lax = { realms, store, directory: { sourceNames: () => ['staff'] } as unknown as EngineParts['directory'] };
    for (const find of [tokensNamed, tokensOf])
      assert.deepEqual(
        (await find(lax, bob)).map(({ serial }) => serial),
        ['OLD', 'bob'],
      );
  });

  it('has the push tokens of the id, and those of the name that have no id', async () => {
    // given a store with what came together over the years
    const store = await openEmbeddedStore({ path: join(temporaryFolder(undo), 'pushgate.db'), log: openLog('silent') });
    undo.later(() => store.close());
    const owned: [serial: string, owner: Owner][] = [
      ['NOW', alice],
      ['OLD-NAME', { ...alice, user: 'alice.kingsley' }],
      ['NO-SOURCE', { ...unnumbered, resolver: '' }],
      ['NAMESAKE', { ...alice, userid: '8' }],
      ['OTHER-CASE', { ...unnumbered, user: 'Alice', resolver: '' }],
      ['OTHER-SOURCE', { ...alice, resolver: 'guests' }],
    ];
    for (const [serial, owner] of owned) await store.addToken(givenPushToken({ serial, owner }));
    const serialsOf = async (asked: Named) => (await tokensOf({ ...parts, store }, asked)).map(({ serial }) => serial);
    const namedBy = async (asked: Named) => (await tokensNamed({ ...parts, store }, asked)).map(({ serial }) => serial);
    // then a user whom the source knows has theirs alone; a name alone has all of that name
    assert.deepEqual(await serialsOf(alice), ['NO-SOURCE', 'NOW', 'OLD-NAME']);
    assert.deepEqual(await serialsOf({ user: 'alice', realm: 'corp' }), ['NAMESAKE', 'NO-SOURCE', 'NOW', 'OTHER-SOURCE']);
    assert.deepEqual(await serialsOf({ user: 'Alice', realm: 'corp' }), ['OTHER-CASE']);
    // and an administrator can stop those of earlier users of the name and source, too; of a source that does not know the user, its own alone
    assert.deepEqual(await namedBy(alice), ['NAMESAKE', 'NO-SOURCE', 'NOW', 'OLD-NAME']);
    assert.deepEqual(await namedBy({ user: 'alice', realm: 'corp', resolver: 'guests' }), ['OTHER-SOURCE']);
    assert.deepEqual(await namedBy({ user: 'alice', realm: 'corp' }), ['NAMESAKE', 'NO-SOURCE', 'NOW', 'OTHER-SOURCE']);
  });
});
