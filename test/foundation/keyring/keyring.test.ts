import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { createKeyringFile, createPasswords, newKeyring, openKeyring, rotatedKeyring } from '../../../src/foundation/keyring/index.ts';
import { cleanup, temporaryFolder } from '../../kit/temporary.ts';

const now = Date.UTC(2026, 2, 1);

describe('The keyring', () => {
  it('opens what it sealed, for the same record only', () => {
    const keyring = openKeyring(newKeyring(now));
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.string(), (secret, record) => {
        const sealed = keyring.seal(record, secret);
        assert.deepEqual(keyring.open(record, sealed), Buffer.from(secret));
        assert.throws(() => keyring.open(`${record}x`, sealed), { code: 'config-invalid' });
      }),
    );
  });

  it('opens nothing that was changed, shortened, or sealed by another keyring, and shows no secret in saying so', () => {
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

  it('derives one key per purpose and key', () => {
    const keyring = openKeyring(rotatedKeyring(newKeyring(now), now));
    const keys = ['a', 'b'].flatMap((purpose) => keyring.keyIds.map((id) => keyring.derive(purpose, id)?.toString('hex')));
    assert.equal(new Set(keys).size, 4);
    assert.equal(keyring.derive('a')?.length, 32);
    assert.equal(keyring.derive('a', 'unknown'), undefined);
  });

  it('refuses a text that is no keyring, in a sentence without keys', () => {
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

    it('is for its user alone, and is never written over', () => {
      const path = join(temporaryFolder(undo), 'data', 'keyring.json');
      createKeyringFile(path, now);
      const text = readFileSync(path, 'utf8');
      assert.equal(statSync(path).mode & 0o777, 0o600);
      assert.equal(openKeyring(text).keyIds.length, 1);
      assert.throws(() => createKeyringFile(path, now), { code: 'config-invalid' });
      assert.equal(readFileSync(path, 'utf8'), text);
      assert.deepEqual(readdirSync(join(path, '..')), ['keyring.json']);
    });

    it('is refused where it cannot be made', () => {
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

  it('match after a rotation of the keyring', async () => {
    const text = newKeyring(now);
    const stored = await createPasswords(openKeyring(text)).hash('1234');
    assert.equal(await createPasswords(openKeyring(rotatedKeyring(text, now))).matches('1234', stored), true);
  });
});
