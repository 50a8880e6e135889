import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import { Secret } from '../../src/delivery/provider-kit/index.ts';
import { selfSigned } from '../../test/foundation/wire/self-signed.ts';
import { fakeClock, minutes, seconds } from '../../test/kit/clock.ts';
import { readSigningKey, tokenSource } from './provider-token.ts';

const key = readSigningKey(new Secret(selfSigned.key));
// Sources are shared by key id: every test has a key of its own.
let count = 0;
const givenSource = () => {
  count += 1;
  return tokenSource({ key, keyId: `KEY${String(count).padStart(7, '0')}`, teamId: 'TEAM000000' });
};
const parts = (token: string) => token.split('.').map((part) => Buffer.from(part, 'base64url'));

describe('The token of an APNs key', () => {
  it('is an ES256 JWT of the team, with the id of the key and the time', () => {
    const clock = fakeClock();
    const token = tokenSource({ key, keyId: 'ABCDE12345', teamId: 'FGHIJ67890' }).current(clock());
    const [header, claims, signature] = parts(token);
    assert.deepEqual(JSON.parse(String(header)), { alg: 'ES256', kid: 'ABCDE12345' });
    assert.deepEqual(JSON.parse(String(claims)), { iss: 'FGHIJ67890', iat: clock() / 1000 });
    const signed = Buffer.from(token.slice(0, token.lastIndexOf('.')));
    const publicKey = { key: createPublicKey(key), dsaEncoding: 'ieee-p1363' as const };
    assert.ok(verify('sha256', signed, publicKey, signature ?? Buffer.alloc(0)));
  });

  it('stays the same for 50 minutes, then is made anew', () => {
    const clock = fakeClock();
    const source = givenSource();
    const first = source.current(clock());
    clock.advance(minutes(50) - 1);
    assert.equal(source.current(clock()), first);
    clock.advance(1);
    const second = source.current(clock());
    assert.notEqual(second, first);
    clock.advance(minutes(49));
    assert.equal(source.current(clock()), second);
  });

  it('is not made anew within 20 minutes, not even when APNs calls it expired', () => {
    const clock = fakeClock();
    const source = givenSource();
    const first = source.current(clock());
    clock.advance(minutes(20) - 1);
    assert.equal(source.insteadOf(first, clock()), undefined);
    assert.equal(source.current(clock()), first);
    clock.advance(1);
    const second = source.insteadOf(first, clock());
    assert.ok(second !== undefined && second !== first);
    // and whoever hears of the expired one later takes what is there already
    clock.advance(seconds(1));
    assert.equal(source.insteadOf(first, clock()), second);
    assert.equal(source.insteadOf(second, clock()), undefined);
    assert.equal(source.current(clock()), second);
  });

  it('outlives a clock that is set back a little, and is made anew when that is set back far', () => {
    const clock = fakeClock();
    const source = givenSource();
    const first = source.current(clock());
    clock.advance(-minutes(10));
    assert.equal(source.current(clock()), first);
    clock.advance(-minutes(45));
    assert.notEqual(source.current(clock()), first);
  });

  it('is shared by all who have the key, and by nobody who has another one under the same ids', () => {
    const clock = fakeClock();
    const ids = { keyId: 'SHARED0001', teamId: 'TEAM000000' };
    const token = tokenSource({ key, ...ids }).current(clock());
    clock.advance(minutes(5));
    assert.equal(tokenSource({ key: readSigningKey(new Secret(selfSigned.key)), ...ids }).current(clock()), token);
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    assert.notEqual(tokenSource({ key: privateKey, ...ids }).current(clock()), token);
  });
});
