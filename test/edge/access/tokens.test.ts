import assert from 'node:assert/strict';
import { openTokens } from '../../../src/edge/access/index.ts';
import { newKeyring, openKeyring, rotatedKeyring } from '../../../src/foundation/keyring/index.ts';
import { ok } from '../../../src/foundation/model/index.ts';

const lifeMs = 60_000;

describe('A token whose signature was found right before', () => {
  const given = async () => {
    const time = { now: Date.UTC(2026, 0, 1) };
    const file: { text: string | undefined } = { text: undefined };
    const text = newKeyring(time.now);
    const keyring = openKeyring(text, () => ok(file.text));
    const tokens = openTokens({ keyring, clock: () => time.now, trusted: [] });
    const token = await tokens.sign({ role: 'admin', username: 'admin', rights: ['tokenlist'] }, lifeMs);
    assert.equal((await tokens.read(token)).ok, true);
    return { time, file, keyring, tokens, token, text };
  };

  it('is read as it was', async () => {
    const { tokens, token } = await given();
    const again = await tokens.read(token);
    assert.ok(again.ok);
    assert.deepEqual([again.value.name, again.value.rights], ['admin', ['tokenlist']]);
  });

  it('ends with the key that signed it', async () => {
    const { file, keyring, tokens, token, text } = await given();
    // given a keyring that has gone on to another key, without the old one
    const { keys, ...rest } = JSON.parse(rotatedKeyring(text, 1));
    file.text = JSON.stringify({ ...rest, keys });
    assert.equal(keyring.refresh().ok, true);
    assert.equal((await tokens.read(token)).ok, true);
    file.text = JSON.stringify({ ...rest, keys: keys.slice(-1) });
    assert.equal(keyring.refresh().ok, true);
    assert.equal((await tokens.read(token)).ok, false);
  });

  it('ends when its time is over', async () => {
    const { time, tokens, token } = await given();
    time.now += lifeMs - 1;
    assert.equal((await tokens.read(token)).ok, true);
    time.now += 1;
    assert.deepEqual(await tokens.read(token), { ok: false, error: { kind: 'expired' } });
  });

  it('counts for itself alone', async () => {
    const { tokens, token } = await given();
    const [head, , signature] = token.split('.');
    const claims = Buffer.from(JSON.stringify({ role: 'admin', username: 'root', exp: 9_999_999_999 })).toString('base64url');
    assert.equal((await tokens.read(`${head}.${claims}.${signature}`)).ok, false);
  });
});
