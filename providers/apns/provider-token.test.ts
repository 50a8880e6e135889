import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import { Secret } from '../../src/delivery/provider-kit/index.ts';
import { selfSigned } from '../../test/foundation/wire/self-signed.ts';
import { minutes } from '../../test/kit/clock.ts';
import { readSigningKey, tokenSource } from './provider-token.ts';

const key = readSigningKey(new Secret(selfSigned.key));
const givenSource = (signing = key) => tokenSource({ key: signing, keyId: 'ABCDE12345', teamId: 'FGHIJ67890' });
const start = Date.UTC(2026, 0, 1, 12, 7);
const parts = (token: string) => token.split('.').map((part) => Buffer.from(part, 'base64url'));

describe('The token of an APNs key', () => {
  it('is an ES256 JWT of the team, with the id of the key and the time', () => {
    const token = givenSource().current(start);
    const [header, claims, signature] = parts(token);
    assert.deepEqual(JSON.parse(String(header)), { alg: 'ES256', kid: 'ABCDE12345' });
    assert.deepEqual(JSON.parse(String(claims)), { iss: 'FGHIJ67890', iat: Date.UTC(2026, 0, 1, 12) / 1000 });
    const signed = Buffer.from(token.slice(0, token.lastIndexOf('.')));
    const publicKey = { key: createPublicKey(key), dsaEncoding: 'ieee-p1363' as const };
    assert.ok(verify('sha256', signed, publicKey, signature ?? Buffer.alloc(0)));
  });

  it('is the same for everyone with the key, and for half an hour', () => {
    const [one, two] = [givenSource(), givenSource(readSigningKey(new Secret(selfSigned.key)))];
    const issued = new Map<string, number>();
    // when two gateways, the clock of one four minutes ahead, send every minute of three hours
    for (let now = start; now < start + minutes(180); now += minutes(1)) {
      for (const token of [one.current(now), two.current(now + minutes(4))]) {
        const { iat } = JSON.parse(String(parts(token)[1]));
        issued.set(token, iat * 1000);
        // then no token is of the future, or older than Apple takes
        assert.ok(iat * 1000 <= now && now - iat * 1000 < minutes(60));
      }
    }
    // and each differs from the one before by half an hour
    const times = [...issued.values()];
    assert.deepEqual(
      times.slice(1).map((time, index) => time - (times[index] ?? 0)),
      times.slice(1).map(() => minutes(30)),
    );
  });

  it('differs for another key under the same ids', () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    assert.notEqual(givenSource(privateKey).current(start), givenSource().current(start));
  });

  it('is the same in every process', () => {
    const program = `
      import { readSigningKey, tokenSource } from './providers/apns/provider-token.ts';
      import { Secret } from './src/delivery/provider-kit/index.ts';
      const key = readSigningKey(new Secret(process.env.APNS_KEY));
      console.log(tokenSource({ key, keyId: 'ABCDE12345', teamId: 'FGHIJ67890' }).current(${start}));`;
    const env = { ...process.env, APNS_KEY: selfSigned.key };
    const said = execFileSync(process.execPath, ['--input-type=module', '--eval', program], { env, encoding: 'utf8' });
    assert.equal(said.trim(), givenSource().current(start));
  });
});
