import assert from 'node:assert/strict';
import { sign } from 'node:crypto';
import { type TokenSource, verifyBearer } from '../../../src/edge/dialects/keycloak-ciba/bearer-token.ts';
import { keycloakConfig } from '../../../src/edge/dialects/keycloak-ciba/config.ts';
import { openKeySet } from '../../../src/edge/dialects/keycloak-ciba/key-set.ts';
import { numberIn, phoneText } from '../../../src/edge/dialects/keycloak-ciba/phone-text.ts';
import { longestBody, readBackchannel } from '../../../src/edge/dialects/keycloak-ciba/request-body.ts';
import { ok } from '../../../src/foundation/model/index.ts';
import { realmKey } from '../../kit/keycloak.ts';
import { type Parser, refused, taken } from '../engine/parser.ts';
import { headerText } from './fake-request.ts';
import { now } from './seeds.ts';

const key = realmKey('ES256');
const stranger = realmKey('ES256');
const issuer = 'https://sso.example.com/realms/shop';
const config = keycloakConfig.parse({ name: 'shop', issuer });
const keys = openKeySet(async () => ok([key.jwk]), { clock: () => now, onFailure: assert.fail });
const keycloaks: TokenSource[] = [{ config, keys }];
const seconds = Math.floor(now / 1000);
const claims = { exp: seconds + 120, iat: seconds, jti: 'j-1', iss: issuer, aud: issuer, sub: 's-1', typ: 'Bearer', azp: 'till-7' };

const encoded = (part: unknown): string => Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url');
function signedBy({ privateKey, kid }: typeof key, body: unknown, header: object = {}): string {
  const text = `${encoded({ alg: 'ES256', typ: 'JWT', kid, ...header })}.${encoded(body)}`;
  return `${text}.${sign('sha256', Buffer.from(text), { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}
const signedPartOf = (token: string): string => token.slice(0, token.lastIndexOf('.'));

const tokens = [
  signedBy(key, claims),
  signedBy(key, { ...claims, aud: [issuer] }),
  signedBy(key, { ...claims, sid: 's' }),
  signedBy({ ...stranger, kid: key.kid }, claims),
  signedBy(stranger, claims, { jwk: stranger.jwk }),
  `${encoded({ alg: 'none' })}.${encoded(claims)}.AA`,
];
const good = new Set(tokens.slice(0, 2).map(signedPartOf));

const body = {
  scope: 'openid email openid',
  binding_message: 'W4SCT-42',
  login_hint: 'alice',
  is_consent_required: false,
  acr_values: null,
};

/** What a Keycloak, or somebody in its place, sends. */
export const keycloak: readonly Parser[] = [
  {
    name: 'keycloak-token',
    of: ['src/edge/dialects/keycloak-ciba/bearer-token.ts', 'src/edge/dialects/keycloak-ciba/key-set.ts'],
    longest: 16_384,
    seeds: () => tokens.map((token) => Buffer.from(token)),
    open: () => async (input) => {
      const read = await verifyBearer(headerText(Buffer.concat([Buffer.from('Bearer '), input])), keycloaks, now);
      if (!read.ok) return refused(read.error.kind === 'failed' ? read.error.check : read.error.kind);
      assert.ok(good.has(signedPartOf(read.value.text)), 'nobody signed that');
      return taken(read.value.claims);
    },
  },
  {
    // Rightly signed, whatever the claims are.
    name: 'keycloak-claims',
    of: ['src/edge/dialects/keycloak-ciba/bearer-token.ts'],
    longest: 4096,
    seeds: () =>
      [claims, { ...claims, exp: 1 }, { ...claims, azp: 7 }, { ...claims, typ: 'ID' }].map((each) => Buffer.from(JSON.stringify(each))),
    open: () => async (input) => {
      const read = await verifyBearer(`Bearer ${signedBy(key, input.toString())}`, keycloaks, now);
      if (!read.ok) return refused(read.error.kind === 'failed' ? read.error.check : read.error.kind);
      const { jti, subject, client, expiresAt } = read.value.claims;
      assert.ok(expiresAt > now && [jti, subject, client].every((name) => name !== '' && name.length <= 255));
      return taken(read.value.claims);
    },
  },
  {
    name: 'keycloak-request',
    of: ['src/edge/dialects/keycloak-ciba/request-body.ts', 'src/edge/dialects/keycloak-ciba/phone-text.ts'],
    longest: longestBody,
    seeds: () =>
      [body, { ...body, binding_message: '42' }, { ...body, is_consent_required: 'false' }, { ...body, login_hint: 7 }].map((each) =>
        Buffer.from(JSON.stringify(each)),
      ),
    open: () => (input) => {
      const request = readBackchannel(input.toString());
      if (!request) return refused();
      const { question } = phoneText(request, { config, client: 'till-7', isHidden: numberIn(request) !== undefined });
      assert.ok(Buffer.byteLength(question) <= 511, 'no phone shows it whole');
      assert.doesNotMatch(question, /[^\P{Cc}\n]|\p{Bidi_Control}/u);
      return taken(request, request.needsConsent ? 'with consent' : 'taken');
    },
  },
];
