import assert from 'node:assert/strict';
import { checkFirstLeg, type FirstLegParts, firstLegOf } from '../../../src/engine/challenges/first-leg.ts';
import { newKeyring, openKeyring } from '../../../src/foundation/keyring/index.ts';
import { TurnedAway } from '../../../src/foundation/model/index.ts';
import { givenTransaction } from '../../kit/records.ts';

const nobody = () => assert.fail('was asked');

/** Parts that answer for nothing but the keyring: whoever asks the store, the hashes or a directory fails. */
function given() {
  const keyring = openKeyring(newKeyring(0));
  const failures: string[] = [];
  const limits = {
    assertNotBlocked() {
      if (failures.length >= 2) throw new TurnedAway(1);
    },
    async failed(_scope: string, source: string) {
      failures.push(source);
      return 'refused' as const;
    },
  };
  const parts: FirstLegParts = { keyring, limits, store: { findToken: nobody }, passwords: { matches: nobody } };
  const transaction = {
    ...givenTransaction({ id: '00012345678901234567' }),
    firstLeg: firstLegOf(keyring, '00012345678901234567', 'geheim1'),
  };
  return { parts, transaction, failures };
}

describe('The pass of a first leg, shown again', () => {
  it('is known without a password hash and without a directory', async () => {
    const { parts, transaction } = given();
    const poll = { transaction, pass: 'geheim1', source: '10.0.0.1', alone: undefined };
    for (let times = 0; times < 100; times += 1) assert.equal(await checkFirstLeg(parts, poll), true);
  });

  it('counts against its source and this transaction when it is wrong, and is not looked at after too many', async () => {
    const { parts, transaction, failures } = given();
    const poll = (pass: string) => checkFirstLeg(parts, { transaction, pass, source: '10.0.0.1', alone: undefined });
    assert.deepEqual([await poll('wrong'), await poll('geheim1'), await poll('again')], [false, true, false]);
    assert.deepEqual(failures, [`10.0.0.1 ${transaction.id}`, `10.0.0.1 ${transaction.id}`]);
    await assert.rejects(poll('geheim1'), TurnedAway);
  });

  it('is not told from the PIN of a push token that the transaction does not ask', async () => {
    const { parts, transaction } = given();
    // when a poll names the push token of somebody else, nobody looks at its PIN
    assert.equal(await checkFirstLeg(parts, { transaction, pass: '1234', source: '10.0.0.1', alone: 'KIPT0001' }), false);
  });

  it('is that of one transaction only, and of none without a key of the keyring', async () => {
    const { parts, transaction } = given();
    const asked = { pass: 'geheim1', source: '10.0.0.1', alone: undefined };
    assert.equal(await checkFirstLeg(parts, { ...asked, transaction: { ...transaction, id: '00098765432109876543' } }), false);
    const lost = { keyId: 'lost', tag: transaction.firstLeg.tag };
    assert.equal(await checkFirstLeg(parts, { ...asked, transaction: { ...transaction, firstLeg: lost } }), false);
  });
});
