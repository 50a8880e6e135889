import assert from 'node:assert/strict';
import { type Keycloak, type RealmKey, realmKey, type TokenWish } from '../../../kit/keycloak.ts';
import { cleanup } from '../../../kit/temporary.ts';
import { givenShop, type Shop } from './given.ts';

const request = { scope: 'openid', binding_message: null, login_hint: 'alice', is_consent_required: false, acr_values: null };

describe('A token of Keycloak', function () {
  this.timeout(60_000);
  const undo = cleanup();
  const es256 = realmKey('ES256');
  const ps256 = realmKey('PS256');
  const stranger = realmKey('RS256');
  let shop: Shop;
  let keycloak: Keycloak;

  before(async () => {
    shop = await givenShop(undo, { settings: { sourceFailures: 1000 } });
    keycloak = shop.keycloak;
    keycloak.keys.push(es256, ps256);
  });
  after(() => undo.run());

  const now = (): number => Math.floor(shop.clock() / 1000);
  const own = (): RealmKey => keycloak.keys[0] ?? stranger;
  const made = (wish: TokenWish) => keycloak.token(wish);
  const cut = (token: string, part: number, by: (text: string) => string): string =>
    token
      .split('.')
      .map((text, index) => (index === part ? by(text) : text))
      .join('.');

  /** What is wrong, the check that finds it, and the token. */
  const wrong: [string, string, () => string | undefined][] = [
    ['is missing', 'form', () => undefined],
    ['has two parts', 'form', () => made({}).split('.').slice(0, 2).join('.')],
    ['has an empty signature', 'form', () => cut(made({}), 2, () => '')],
    ['is not base64url', 'form', () => cut(made({}), 1, (text) => `${text}=`)],
    ['is longer than 8 KiB', 'form', () => made({ claims: { long: 'x'.repeat(8192) } })],
    ['is of an issuer that is not configured', 'issuer', () => made({ claims: { iss: 'https://evil.example/realms/shop' } })],
    ['has an issuer with a slash at its end', 'issuer', () => made({ claims: { iss: `${keycloak.issuer}/` } })],
    ['has the algorithm none', 'algorithm', () => made({ header: { alg: 'none' } })],
    ['has an HMAC, as refresh tokens do', 'algorithm', () => made({ header: { alg: 'HS512' } })],
    ['has an algorithm that is not allowed', 'algorithm', () => made({ header: { alg: 'RS512' } })],
    ['names no key', 'key', () => made({ header: { kid: undefined } })],
    ['names an unknown key', 'key', () => made({ key: stranger })],
    ['brings its own key', 'key', () => made({ key: stranger, header: { jwk: stranger.jwk, jku: 'https://evil.example/jwks' } })],
    ['names the key for encryption', 'key', () => made({ header: { kid: 'enc' } })],
    ['names a key of another algorithm', 'key', () => made({ header: { kid: es256.kid } })],
    ['is signed by another key', 'signature', () => made({ key: { ...stranger, kid: own().kid } })],
    ['was changed', 'signature', () => cut(made({}), 1, (text) => changed(text))],
    ['is an ID token', 'type', () => made({ claims: { typ: 'ID' } })],
    ['is a refresh token', 'type', () => made({ claims: { typ: 'Refresh' } })],
    ['has no type', 'type', () => made({ claims: { typ: undefined } })],
    ['is for somebody else', 'audience', () => made({ claims: { aud: 'account' } })],
    ['is for somebody else too', 'audience', () => made({ claims: { aud: [keycloak.issuer, 'account'] } })],
    ['has ended', 'time', () => made({ claims: { exp: now() - 1 } })],
    ['ends in five seconds', 'time', () => made({ claims: { exp: now() + 5 } })],
    ['lives longer than a day, after which it could be used again', 'time', () => made({ claims: { exp: now() + 86_402 } })],
    ['lives longer than any clock', 'time', () => made({ claims: { exp: 1e17 } })],
    ['never ends', 'time', () => made({ claims: { exp: undefined } })],
    ['is from the future', 'time', () => made({ claims: { iat: now() + 12 } })],
    ['has no id', 'names', () => made({ claims: { jti: undefined } })],
    ['has an empty subject', 'names', () => made({ claims: { sub: ' ' } })],
    ['has a client that is no text', 'names', () => made({ claims: { azp: 7 } })],
    ['belongs to a session', 'refused-claim', () => made({ claims: { sid: 's1' } })],
    ['has scopes', 'refused-claim', () => made({ claims: { scope: 'openid' } })],
    ['has roles of the realm', 'refused-claim', () => made({ claims: { realm_access: { roles: [] } } })],
    ['has roles of clients', 'refused-claim', () => made({ claims: { resource_access: {} } })],
    ['is of a client that may not ask', 'client', () => made({ client: 'till-8' })],
  ];

  const changed = (part: string): string =>
    Buffer.from(JSON.stringify({ ...JSON.parse(Buffer.from(part, 'base64url').toString()), azp: 'other' })).toString('base64url');

  for (const [what, check, token] of wrong)
    it(`is refused when it ${what}`, async () => {
      const begun = shop.logged.length;
      const text = token();
      const reply = await keycloak.send(text, request);
      assert.deepEqual([reply.status, reply.body.error], [401, 'invalid_token']);
      const lines = shop.logged.slice(begun);
      assert.deepEqual(
        lines.flatMap((line) => line.check ?? []),
        [check],
      );
      assert.equal(lines.filter(({ event }) => event === 'caller-refused').length, 1);
      assert.equal(lines.filter(({ event }) => event === 'login-started').length, 0);
      if (text) assert.ok(!JSON.stringify(lines).includes(text.slice(-40)), 'the token is in the log');
    });

  const right: [string, () => TokenWish][] = [
    ['is signed with RS256', () => ({})],
    ['is signed with ES256', () => ({ key: es256 })],
    ['is signed with PS256', () => ({ key: ps256 })],
    ['has its audience in a list', () => ({ claims: { aud: [keycloak.issuer] } })],
    ['has no iat, as older versions of Keycloak make it', () => ({ claims: { iat: undefined } })],
    ['is from a clock ten seconds ahead', () => ({ claims: { iat: now() + 10 } })],
  ];

  for (const [what, wish] of right)
    it(`is accepted when it ${what}`, async () => {
      assert.equal((await keycloak.send(made(wish()), request)).status, 201);
      // The next row asks the same phone.
      await shop.gateway.settled();
      const [challenge] = await shop.shown();
      await shop.phone.answer(challenge.nonce, { decline: true });
      await shop.gateway.settled();
    });

  it('asks for keys at the configured address only, and at most once every few seconds for unknown ones', async () => {
    // given known keys
    await keycloak.send(made({}), request);
    shop.clock.advance(60_000);
    const before = keycloak.keyFetches;
    // when tokens name keys that do not exist
    for (let count = 0; count < 3; count += 1) await keycloak.send(made({ key: realmKey('ES256') }), request);
    // then they were fetched once
    assert.equal(keycloak.keyFetches, before + 1);
    shop.clock.advance(4000);
    await keycloak.send(made({ key: stranger }), request);
    assert.equal(keycloak.keyFetches, before + 2);
  });

  it('is accepted after a rotation of keys; a removed key is unknown ten minutes later', async () => {
    const old = own();
    const next = realmKey('RS256');
    // given a realm that signs with a new key
    keycloak.keys = [next, old];
    shop.clock.advance(60_000);
    assert.equal((await keycloak.send(made({ key: next }), request)).status, 201);
    // when the old key is removed
    keycloak.keys = [next];
    shop.clock.advance(11 * 60_000);
    // then its tokens are refused, and those of the new key are not
    assert.equal((await keycloak.send(made({ key: old }), request)).status, 401);
    assert.equal((await keycloak.send(made({ key: next }), request)).status, 201);
  });

  it('is still verified by the known keys while new ones cannot be fetched', async () => {
    keycloak.servesKeys = false;
    shop.clock.advance(11 * 60_000);
    assert.equal((await keycloak.send(made({}), request)).status, 201);
    assert.ok(shop.logged.some(({ message }) => message === 'the public keys of a Keycloak realm could not be fetched'));
    keycloak.servesKeys = true;
  });
});
