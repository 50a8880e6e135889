import assert from 'node:assert/strict';
import { openSealing } from '../../../src/engine/audit/index.ts';
import { newKeyring, openKeyring, rotatedKeyring } from '../../../src/foundation/keyring/index.ts';

describe('The seals of the audit', () => {
  const link = { writer: 'w', number: 3, hash: 'h' };
  const placed = { writer: 'w', number: 4, id: 'i', at: 5, kind: 'store-lost', digest: 'd' } as const;

  it('are those of one thing: no mark is taken for another kind of mark', () => {
    const sealing = openSealing(openKeyring(newKeyring(0)));
    for (const kind of ['checkpoint', 'running', 'ended'] as const) {
      const mark = sealing.sign(link, kind);
      for (const as of ['checkpoint', 'running', 'ended'] as const) assert.equal(sealing.isSigned(mark, as), as === kind);
      for (const other of [{ number: 4 }, { writer: 'v' }, { hash: 'g' }, { signature: '' }, { signature: 'k.' }])
        assert.equal(sealing.isSigned({ ...mark, ...other }, kind), false);
    }
  });

  it('are made by nobody who has another keyring, and still fit after a rotation', () => {
    const text = newKeyring(0);
    const sealing = openSealing(openKeyring(text));
    const told = { id: 'n', at: 5, event: { kind: 'store-lost' } } as const;
    const made = { hash: sealing.hashOf('before', placed), mark: sealing.sign(link, 'ended'), note: sealing.note(told) };
    const fits = (keyring: string): boolean[] => {
      const { isHash, isSigned, read } = openSealing(openKeyring(keyring));
      return [isHash('before', { ...placed, hash: made.hash }), isSigned(made.mark, 'ended'), read(made.note) !== undefined];
    };
    assert.deepEqual(fits(text), [true, true, true]);
    assert.deepEqual(fits(rotatedKeyring(text, 1)), [true, true, true]);
    assert.deepEqual(fits(newKeyring(1)), [false, false, false]);
    assert.equal(sealing.isHash('other', { ...placed, hash: made.hash }), false);
    for (const other of [{ id: 'm' }, { at: 6 }, { text: made.note.text.replace('lost', 'back') }, { text: 'x' }])
      assert.equal(sealing.read({ ...made.note, ...other }), undefined);
  });
});
