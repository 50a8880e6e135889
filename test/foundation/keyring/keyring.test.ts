import assert from 'node:assert/strict';
import { createHmac, scryptSync } from 'node:crypto';
import { chmodSync, existsSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import {
  accountCost,
  changeKeyringFile,
  createKeyringFile,
  createPasswords,
  isNoteOf,
  newKeyring,
  newStoreNote,
  openKeyring,
  preparedKeyring,
  rotatedKeyring,
  usedKeyring,
} from '../../../src/foundation/keyring/index.ts';
import { cleanup, temporaryFolder } from '../../kit/temporary.ts';

const now = Date.UTC(2026, 2, 1);

describe('The keyring', () => {
  it('opens its own seals, for the same record only', () => {
    const keyring = openKeyring(newKeyring(now));
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.string(), (secret, record) => {
        const sealed = keyring.seal(record, secret);
        assert.deepEqual(keyring.open(record, sealed), Buffer.from(secret));
        assert.throws(() => keyring.open(`${record}x`, sealed), { code: 'config-invalid' });
      }),
    );
  });

  it('refuses a seal that was changed, shortened or made by another keyring, and its error shows no secret', () => {
    const keyring = openKeyring(newKeyring(now));
    const sealed = keyring.seal('token:A', Buffer.from('geheim'));
    const [version, id, iv, body = ''] = sealed.split('.');
    const flipped = Buffer.from(body, 'base64url');
    flipped[0] = (flipped[0] ?? 0) ^ 1;
    const wrong = [
      '',
      'v1',
      `${version}.${id}.${iv}`,
      `${version}.${id}.${iv}.`,
      `${version}.other.${iv}.${body}`,
      `v2.${id}.${iv}.${body}`,
      `${version}.${id}.${iv}.${flipped.toString('base64url')}`,
      `${version}.${id}.AAAA.${body}`,
      // a tag that is shorter than it has to be
      ...[4, 8, 12, 15].map((length) => `${version}.${id}.${iv}.${flipped.subarray(-length).toString('base64url')}`),
    ];
    for (const text of [...wrong, openKeyring(newKeyring(now)).seal('token:A', Buffer.from('geheim'))]) {
      assert.throws(
        () => keyring.open('token:A', text),
        (error: Error & { code?: string }) =>
          error.code === 'config-invalid' && !error.message.includes('geheim') && error.message.includes('token'),
      );
    }
    assert.ok(!sealed.includes('geheim'));
  });

  it('seals with the newest key after a rotation, and still opens the old', () => {
    const first = newKeyring(now);
    const old = openKeyring(first);
    const rotated = openKeyring(rotatedKeyring(first, now));
    const sealed = old.seal('a', Buffer.from('x'));
    assert.deepEqual(rotated.open('a', sealed), Buffer.from('x'));
    assert.notEqual(rotated.currentKeyId, old.currentKeyId);
    assert.throws(() => old.open('a', rotated.seal('a', Buffer.from('x'))), { code: 'config-invalid' });
    assert.deepEqual(rotated.keyIds, [old.currentKeyId, rotated.currentKeyId]);
  });

  it('opens with a pending key, and seals with it only after its activation', () => {
    // given a keyring with a pending key, and another machine's keyring that has it in use already
    const first = newKeyring(now);
    const waiting = preparedKeyring(first, now);
    const [before, here, there] = [first, waiting, rotatedKeyring(waiting, now)].map((text) => openKeyring(text));
    assert.ok(before && here && there);
    // then each opens the seals of the other
    assert.deepEqual(here.open('a', there.seal('a', Buffer.from('x'))), Buffer.from('x'));
    assert.deepEqual(there.open('a', here.seal('a', Buffer.from('x'))), Buffer.from('x'));
    assert.equal(here.currentKeyId, before.currentKeyId);
    assert.deepEqual(
      here.keys.map(({ state }) => state),
      ['current', 'waiting'],
    );
    assert.deepEqual(
      there.keys.map(({ state }) => state),
      ['older', 'current'],
    );
    // and there is one that waits, however often one is asked for
    assert.equal(preparedKeyring(waiting, now), waiting);
    assert.equal(there.keyIds.length, 2);
  });

  it('records once that it has sealed a store, and keeps the record', () => {
    const used = usedKeyring(newKeyring(now), now);
    assert.equal(openKeyring(newKeyring(now)).usedSince, undefined);
    assert.equal(usedKeyring(used, now + 1), used);
    assert.equal(openKeyring(rotatedKeyring(used, now)).usedSince, new Date(now).toISOString());
  });

  it('knows its store, by the records of older versions as well', () => {
    const [mine, other] = [newKeyring(now), newKeyring(now)].map((text) => openKeyring(text));
    assert.ok(mine && other);
    const older = { id: 'keyring', publicKey: mine.currentKeyId, sealedSeed: mine.derive('fingerprint')?.toString('base64url') ?? '' };
    for (const note of [newStoreNote(mine), older]) assert.deepEqual([isNoteOf(mine, note), isNoteOf(other, note)], [true, false]);
  });

  describe('whose file changes', () => {
    const first = newKeyring(now);
    /** A keyring whose file says `text` until a test writes another one. */
    const given = () => {
      let text: string | undefined;
      const keyring = openKeyring(first, () => {
        const next = text;
        text = undefined;
        return { ok: true, value: next };
      });
      return {
        keyring,
        write: (next: string): void => {
          text = next;
        },
      };
    };

    it('reads it again on request', () => {
      const { keyring, write } = given();
      assert.deepEqual(keyring.refresh(), { ok: true, value: 'same' });
      write(rotatedKeyring(first, now));
      assert.deepEqual(keyring.refresh(), { ok: true, value: 'changed' });
      assert.equal(keyring.keyIds.length, 2);
      assert.equal(keyring.currentKeyId, keyring.keyIds[1]);
    });

    it('reads it again by itself for an unknown key', () => {
      // given a gateway that has rotated, and one that has not looked yet
      const { keyring, write } = given();
      const rotated = rotatedKeyring(first, now);
      const sealed = openKeyring(rotated).seal('a', Buffer.from('x'));
      assert.throws(() => keyring.open('a', sealed), { code: 'config-invalid' });
      // when its file has the key, then it opens
      write(rotated);
      assert.deepEqual(keyring.open('a', sealed), Buffer.from('x'));
    });

    const wrong: [what: string, text: string][] = [
      ['is broken', '{'],
      ['is another one', newKeyring(now)],
      ['has another key under the id of one', first.replace(/"key": ".{43}="/, `"key": "${Buffer.alloc(32, 7).toString('base64')}"`)],
    ];
    for (const [what, text] of wrong) {
      it(`keeps its keys where the file ${what}, and warns until the file is good again`, () => {
        const { keyring, write } = given();
        const sealed = keyring.seal('a', Buffer.from('x'));
        write(text);
        assert.equal(keyring.refresh().ok, false);
        assert.equal(keyring.refresh().ok, false);
        assert.deepEqual(keyring.open('a', sealed), Buffer.from('x'));
        write(rotatedKeyring(first, now));
        assert.deepEqual(keyring.refresh(), { ok: true, value: 'changed' });
      });
    }

    it('no longer opens with a removed key', () => {
      const { keyring, write } = given();
      const sealed = keyring.seal('a', Buffer.from('x'));
      const rotated = rotatedKeyring(first, now);
      write(rotated);
      keyring.refresh();
      write(JSON.stringify({ keys: JSON.parse(rotated).keys.slice(1) }));
      keyring.refresh();
      assert.throws(() => keyring.open('a', sealed), { code: 'config-invalid' });
    });
  });

  it('derives one key per purpose and key', () => {
    const keyring = openKeyring(rotatedKeyring(newKeyring(now), now));
    const keys = ['a', 'b'].flatMap((purpose) => keyring.keyIds.map((id) => keyring.derive(purpose, id)?.toString('hex')));
    assert.equal(new Set(keys).size, 4);
    assert.equal(keyring.derive('a')?.length, 32);
    assert.equal(keyring.derive('a', 'unknown'), undefined);
  });

  it('refuses a text that is not a keyring, in a sentence without keys', () => {
    const key = 'QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWY=';
    const entry = { id: 'k1', key, createdAt: '2026-01-01T00:00:00Z' };
    const texts = [
      '',
      'x',
      '{}',
      '{"keys":[]}',
      JSON.stringify({ keys: [entry, entry] }),
      JSON.stringify({ keys: [{ ...entry, key: 'QUJD' }] }),
      JSON.stringify({ keys: [{ ...entry, extra: key }] }),
    ];
    for (const text of texts) {
      assert.throws(
        () => openKeyring(text),
        (error: Error & { code?: string }) =>
          error.code === 'config-invalid' && error.message.includes('keyring') && !error.message.includes(key),
      );
    }
  });

  describe('in its file', () => {
    const undo = cleanup();
    afterEach(() => undo.run());

    it('is readable by its user only, and is never overwritten', () => {
      const path = join(temporaryFolder(undo), 'data', 'keyring.json');
      createKeyringFile(path, now);
      const text = readFileSync(path, 'utf8');
      assert.equal(statSync(path).mode & 0o777, 0o600);
      assert.equal(openKeyring(text).keyIds.length, 1);
      assert.throws(() => createKeyringFile(path, now), { code: 'config-invalid' });
      assert.equal(readFileSync(path, 'utf8'), text);
      assert.deepEqual(readdirSync(join(path, '..')), ['keyring.json']);
    });

    it('is replaced atomically, and keeps its mode', () => {
      const folder = temporaryFolder(undo);
      const path = join(folder, 'keyring.json');
      createKeyringFile(path, now);
      chmodSync(path, 0o640);
      // given a link to it, as secrets of containers are
      const link = join(folder, 'link.json');
      symlinkSync(path, link);
      changeKeyringFile(link, (text) => rotatedKeyring(text, now));
      const text = readFileSync(path, 'utf8');
      assert.deepEqual([openKeyring(text).keyIds.length, statSync(path).mode & 0o777], [2, 0o640]);
      // when a change fails, then nothing is left of it
      const fails = (): string => {
        throw new Error('cut off');
      };
      assert.throws(() => changeKeyringFile(path, fails), { code: 'config-invalid' });
      changeKeyringFile(path, (same) => same);
      assert.equal(readFileSync(path, 'utf8'), text);
      assert.deepEqual(readdirSync(folder), ['keyring.json', 'link.json']);
    });

    it('is changed by one process at a time', () => {
      const path = join(temporaryFolder(undo), 'keyring.json');
      createKeyringFile(path, now);
      changeKeyringFile(path, (text) => {
        assert.throws(() => changeKeyringFile(path, () => 'x'), { code: 'config-invalid', message: /keyring\.json\.new exists/ });
        return rotatedKeyring(text, now);
      });
      assert.equal(openKeyring(readFileSync(path, 'utf8')).keyIds.length, 2);
    });

    it('is an error where it cannot be created', () => {
      const folder = temporaryFolder(undo);
      writeFileSync(join(folder, 'data'), '');
      const path = join(folder, 'data', 'keyring.json');
      assert.throws(() => createKeyringFile(path, now), { code: 'config-invalid', message: /keyring\.json/ });
      assert.equal(existsSync(path), false);
    });
  });
});

describe('Passwords', () => {
  const passwords = createPasswords(openKeyring(newKeyring(now)));

  it('match their own hash and no other, whatever characters they have', async () => {
    for (const password of ['', '1234', 'pass word', 'pä\u0000ß€😀', 'x'.repeat(1000)]) {
      const stored = await passwords.hash(password);
      assert.deepEqual(
        [
          await passwords.matches(password, stored),
          await passwords.matches(password, stored),
          await passwords.matches(`${password} `, stored),
        ],
        [true, true, false],
      );
      assert.ok(password.length < 4 || !stored.includes(password));
    }
  });

  it('have another hash each time, and need the keyring', async () => {
    const stored = await passwords.hash('1234');
    assert.notEqual(stored, await passwords.hash('1234'));
    await assert.rejects(createPasswords(openKeyring(newKeyring(now))).matches('1234', stored), { code: 'config-invalid' });
    await assert.rejects(passwords.matches('1234', 'plain'), { code: 'config-invalid' });
  });

  it('of one user share a salt, so that a check of all of them is one hash', async () => {
    const others = [await passwords.hash('old one'), await passwords.hash('1234')];
    const [first, second] = [await passwords.hash('1234', others), await passwords.hash('5678', others)];
    const saltOf = (stored = '') => stored.split('$')[5];
    assert.deepEqual([saltOf(first), saltOf(second)], [saltOf(others[0]), saltOf(others[0])]);
    assert.deepEqual(await passwords.matchesEach('5678', [first, second, ...others]), [false, true, false, false]);
    // a hash with a salt of its own is replaced after its first success
    const apart = await passwords.hash('1234');
    assert.equal(await passwords.renewed('1234', apart, others), undefined);
    assert.equal(await passwords.matches('1234', apart), true);
    const renewed = await passwords.renewed('1234', apart, others);
    assert.equal(saltOf(renewed), saltOf(others[0]));
    assert.equal(await passwords.matches('1234', renewed ?? ''), true);
    // but not a hash of another keyring or another cost
    const cheap = createPasswords(openKeyring(newKeyring(now)), { N: 16, r: 8, p: 1 });
    assert.notEqual(saltOf(await passwords.hash('1234', [await cheap.hash('1234')])), saltOf(await cheap.hash('1234')));
  });

  it('of another cost get a new hash after their first success', async () => {
    const text = newKeyring(now);
    const [before, later] = [1, 2].map((p) => createPasswords(openKeyring(text), { N: 16, r: 8, p }));
    assert.ok(before && later);
    const stored = await before.hash('1234');
    assert.equal(await later.renewed('1234', stored), undefined);
    assert.equal(await later.matches('1234', stored), true);
    const renewed = (await later.renewed('1234', stored)) ?? '';
    assert.match(renewed, /^scrypt\$[^$]+\$16\$8\$2\$/);
    assert.equal(await later.matches('1234', renewed), true);
    assert.equal(await later.renewed('1234', renewed), undefined);
  });

  it('of accounts cost at least as much as OWASP requires', () => {
    // Its Password Storage Cheat Sheet allows 16 MiB with five passes as well as 128 MiB with one.
    assert.ok(accountCost.N * accountCost.r * accountCost.p >= 2 ** 14 * 8 * 5);
  });

  describe('in two forms of Unicode', () => {
    const text = newKeyring(now);
    const keyring = openKeyring(text);
    const composed = 'gr\u00fcn';
    const typed = 'gru\u0308n';
    /** A hash of an older version: of the text as it was typed. */
    const oldHash = (password: string): string => {
      const salt = Buffer.alloc(16, 7);
      const pepper = keyring.derive('password') ?? Buffer.alloc(0);
      const digest = scryptSync(createHmac('sha256', pepper).update(password).digest(), salt, 32, { N: 16, r: 8, p: 1 });
      return `scrypt$${keyring.currentKeyId}$16$8$1$${salt.toString('base64url')}$${digest.toString('base64url')}`;
    };
    const opened = () => createPasswords(openKeyring(text), { N: 16, r: 8, p: 1 });
    const rows: [what: string, stored: (() => string) | string, typed: string, isRight: boolean, isRenewed: boolean][] = [
      ['one form set, the other typed', composed, typed, true, false],
      ['the other way round', typed, composed, true, false],
      ['the same form', typed, typed, true, false],
      ['an older hash, typed as then', () => oldHash(typed), typed, true, true],
      ['an older hash of the form that is usual', () => oldHash(composed), typed, true, false],
      ['an older hash of the other form, typed in the usual one', () => oldHash(typed), composed, false, false],
      ['another text', typed, 'gro\u0308n', false, false],
      ['ASCII', '1234', '1234', true, false],
    ];
    for (const [what, set, given, isRight, isRenewed] of rows) {
      it(`are one text: ${what}`, async () => {
        const passwords = opened();
        const stored = typeof set === 'string' ? await passwords.hash(set) : set();
        assert.equal(await passwords.matches(given, stored), isRight);
        assert.equal(passwords.remembers(given, stored), isRight);
        const renewed = await passwords.renewed(given, stored);
        assert.equal(renewed !== undefined, isRenewed);
        // and a hash that takes the older one's place opens to both forms
        if (renewed !== undefined) for (const form of [composed, typed]) assert.equal(await passwords.matches(form, renewed), true);
      });
    }

    it('do not renew a hash that did not match', async () => {
      assert.equal(await opened().renewed(typed, oldHash(typed)), undefined);
    });
  });

  it('match after a rotation of the keyring, and then get a hash with the new key', async () => {
    // given a password that is remembered
    const text = newKeyring(now);
    let changed: string | undefined;
    const keyring = openKeyring(text, () => ({ ok: true, value: changed }));
    const opened = createPasswords(keyring, { N: 16, r: 8, p: 1 });
    const stored = await opened.hash('1234');
    assert.equal(await opened.matches('1234', stored), true);
    assert.equal(await opened.renewed('1234', stored), undefined);
    // when the keyring rotates
    changed = rotatedKeyring(text, now);
    keyring.refresh();
    // then it is looked at once more, and hashed anew
    assert.equal(opened.remembers('1234', stored), false);
    assert.equal(await opened.matches('1234', stored), true);
    const renewed = (await opened.renewed('1234', stored)) ?? '';
    assert.ok(renewed.startsWith(`scrypt$${keyring.currentKeyId}$`), renewed);
    assert.equal(await opened.matches('1234', renewed), true);
    assert.equal(opened.remembers('1234', renewed), true);
  });
});
