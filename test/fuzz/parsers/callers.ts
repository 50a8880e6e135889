import assert from 'node:assert/strict';
import { createHmac, createPublicKey, createSecretKey, sign } from 'node:crypto';
import { SignJWT } from 'jose';
import { bearerOf, localServer, openClaims, openCredentials, openTokens } from '../../../src/edge/access/index.ts';
import { signedText as signedRequestText } from '../../../src/edge/access/signed-requests.ts';
import { csrfOf, sessionCookie, sessionOf } from '../../../src/edge/dialects/linotp/caller.ts';
import { routeReader, secureReader } from '../../../src/edge/http/address.ts';
import { clientReader, noteParams, takeOverIds } from '../../../src/edge/http/index.ts';
import { signedText as deviceText, signedDevice } from '../../../src/engine/relay/devices.ts';
import { openKeyring } from '../../../src/foundation/keyring/index.ts';
import { RefusedText } from '../../../src/foundation/model/index.ts';
import { Secret } from '../../../src/foundation/settings/index.ts';
import {
  isAddress,
  isInNetwork,
  isLoopback,
  isPublic,
  namedAddress,
  networkOf,
  normalAddress,
  readNetwork,
} from '../../../src/foundation/wire/networks.ts';
import { fieldBytes, fieldsOf, inputOf } from '../engine/mutate.ts';
import { type Parser, refused, taken } from '../engine/parser.ts';
import { fakeRequest, headerText } from './fake-request.ts';
import { now, pairOf, piVectors, signSha256 } from './seeds.ts';

const longest = 16_384;
const clock = (): number => now;
const keyring = openKeyring(
  JSON.stringify({ keys: [{ id: 'k1', key: Buffer.alloc(32, 5).toString('base64'), createdAt: '2026-01-01T00:00:00Z' }] }),
);
const issuer = pairOf(piVectors.privacyidea.keys.phone_private_pkcs8_pem);
const ecIssuer = pairOf(piVectors.edumfa.ec_phone_key.private_pkcs8_pem);
const stranger = pairOf(piVectors.privacyidea.keys.server_private_pkcs1_pem);
const trusted = [
  {
    publicKey: new Secret(createPublicKey(issuer.privateKey).export({ type: 'spki', format: 'pem' }).toString()),
    algorithm: 'RS256' as const,
    role: 'validate' as const,
    realm: 'corp',
    resolver: '',
    username: 'svc-.*',
    authServer: 'vpn',
    issuer: 'idp',
  },
];
/** The same trust in an EC key, whose signatures cost a tenth. */
const trustedEc = trusted.map((entry) => ({
  ...entry,
  publicKey: new Secret(ecIssuer.publicKey.export({ type: 'spki', format: 'pem' }).toString()),
  algorithm: 'ES256' as const,
}));
const tokens = openTokens({ keyring, clock, trusted });
const ecTokens = openTokens({ keyring, clock, trusted: trustedEc });
const seconds = Math.floor(now / 1000);
const claims = { username: 'svc-1', role: 'validate', realm: 'corp', resolver: '', iss: 'idp', exp: seconds + 3600 };
const hmacSecret = 'portal-secret-0123456789abcdef';

/** Tokens that are taken, and some that are not; made once, before the inputs. */
const jwts = [
  await tokens.sign({ role: 'admin', username: 'root', rights: ['a'], authtype: 'keyring' }, 3_600_000),
  await tokens.sign({ role: 'validate', username: 'vpn', auth_server: 'vpn' }, 3_600_000),
  await new SignJWT(claims).setProtectedHeader({ alg: 'RS256' }).sign(issuer.privateKey),
  await new SignJWT(claims).setProtectedHeader({ alg: 'RS256' }).sign(stranger.privateKey),
  await new SignJWT({ ...claims, exp: seconds - 1 }).setProtectedHeader({ alg: 'RS256' }).sign(issuer.privateKey),
  // The public key of the issuer as an HMAC secret.
  await new SignJWT(claims).setProtectedHeader({ alg: 'HS256', kid: 'k1' }).sign(createSecretKey(Buffer.from(issuer.spki))),
  `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.`,
];
const signedPartOf = (token: string): string => token.slice(0, token.lastIndexOf('.'));
const good = new Set(jwts.slice(0, 3).map(signedPartOf));

const server = {
  ...localServer(['/']),
  name: 'portal',
  apiKeys: [new Secret('api-key-0123456789abcdef0123')],
  hmacKeys: [{ id: 'portal-1', secret: new Secret(hmacSecret) }],
};
const nonce = 'nonce-0123456789';
const signedRequest = (body: string, target = '/validate/check') => {
  const parts = { method: 'POST', target, time: String(seconds), nonce, body: Buffer.from(body) };
  return inputOf(
    'portal-1',
    parts.time,
    parts.nonce,
    createHmac('sha256', hmacSecret).update(signedRequestText(parts)).digest('hex'),
    'POST',
    target,
    body,
  );
};
const signedRequests = () => [
  signedRequest('user=alice&pass=1234'),
  signedRequest('', '/validate/check?user=alice&pass=1'),
  signedRequest('{"a":1}'),
];

const device = pairOf(piVectors.edumfa.ec_phone_key.private_pkcs8_pem);
const signedCall = (method: string, gda: string, body: string) =>
  inputOf(
    method,
    gda,
    String(now),
    signSha256(device.privateKey, deviceText({ method, gda, at: now, body: Buffer.from(body) }).toString()).toString('base64'),
    body,
  );
const deviceCalls = () => [
  signedCall('GET', 'gda-1', ''),
  signedCall('PUT', 'gda-1', '{"platform":"ios"}'),
  signedCall('DELETE', 'gda-1', ''),
];

/** What was signed in these inputs of so many fields; the fourth one is the signature. */
const withoutSignatures = (inputs: readonly Buffer[], fields: number): ReadonlySet<string> =>
  new Set(
    inputs.map((each) =>
      fieldBytes(each, fields)
        .filter((_, at) => at !== 3)
        .join('\n'),
    ),
  );

/** What tells who calls, and from where. */
export const callers: readonly Parser[] = [
  {
    name: 'jwt',
    of: ['src/edge/access/tokens.ts', 'src/edge/access/trusted-jwts.ts'],
    longest,
    seeds: () => jwts.map((token) => Buffer.from(token)),
    open: () => async (input) => {
      const token = bearerOf(headerText(Buffer.concat([Buffer.from('Bearer '), input])));
      const read = await tokens.read(token);
      if (!read.ok) return refused(read.error.kind);
      assert.ok(good.has(signedPartOf(token)), 'nobody signed that');
      return taken(read.value, read.value.role);
    },
  },
  {
    // Rightly signed by a trusted issuer, whatever the claims are.
    name: 'jwt-claims',
    of: ['src/edge/access/trusted-jwts.ts'],
    longest: 4096,
    seeds: () => [
      Buffer.from(JSON.stringify(claims)),
      Buffer.from(JSON.stringify({ ...claims, aud: ['a'], iat: seconds, nbf: seconds })),
      Buffer.from(JSON.stringify({ ...claims, username: 'svc-\u00fc', exp: seconds + 1e9 })),
    ],
    open: () => async (input) => {
      const head = `${Buffer.from('{"alg":"ES256"}').toString('base64url')}.${input.toString('base64url')}`;
      const signature = sign('sha256', Buffer.from(head), { key: ecIssuer.privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url');
      try {
        const read = await ecTokens.read(`${head}.${signature}`);
        if (!read.ok) return refused(read.error.kind);
        const { name, realm, authServer, until } = read.value;
        assert.ok(/^svc-/.test(name) && realm === 'corp' && authServer === 'vpn', 'not whom the configuration trusts');
        assert.ok(until > now && until <= now + 3650 * 86_400_000, 'a token without an end');
        return taken(read.value);
      } catch (error) {
        if (error instanceof RefusedText) return refused('text');
        throw error;
      }
    },
  },
  {
    name: 'signed-request',
    of: [
      'src/edge/access/signed-requests.ts',
      'src/edge/access/credentials.ts',
      'src/edge/access/api-keys.ts',
      'src/edge/access/claims.ts',
    ],
    longest: 65_536,
    seeds: signedRequests,
    open: () => {
      const signed = withoutSignatures(signedRequests(), 7);
      const claimed = openClaims({ servers: [server], tokens });
      return async (input) => {
        const [keyId = '', time = '', sentNonce = '', signature = '', method = '', target = ''] = fieldsOf(input, 7);
        const body = fieldBytes(input, 7)[6] ?? Buffer.alloc(0);
        let failures = 0;
        const store = { countUp: async () => ({ count: 1, endsAt: 0 }) } as unknown as Parameters<typeof openCredentials>[0]['store'];
        const failedOrThrow = async (): Promise<void> => {
          failures += 1;
        };
        const limits = { failedOrThrow } as unknown as Parameters<typeof openCredentials>[0]['limits'];
        const credentials = openCredentials({ servers: [server], tokens, limits, store, clock });
        const headers: Record<string, string> = {
          'x-pushgate-key-id': keyId,
          'x-pushgate-time': time,
          'x-pushgate-nonce': sentNonce,
          'x-pushgate-signature': signature,
        };
        const header = (name: string): string => headers[name] ?? '';
        const claim = await claimed({ bearer: '', header });
        const verdict = await credentials({ address: '192.0.2.1', bearer: '', header, method, target, body: () => body });
        if (verdict.ok && verdict.value === undefined) return refused('shows none');
        if (!verdict.ok) {
          assert.equal(failures, 1, 'a wrong one is counted');
          return refused(verdict.error.kind);
        }
        assert.ok(signed.has([keyId, time, sentNonce, method, target, body].join('\n')), 'nobody signed that');
        assert.equal(claim.shown, verdict.value);
        return taken(verdict.value);
      };
    },
  },
  {
    name: 'device-signature',
    of: ['src/engine/relay/devices.ts'],
    longest: 65_536,
    seeds: deviceCalls,
    open: () => {
      const signed = withoutSignatures(deviceCalls(), 5);
      const stored = { gda: 'gda-1', owner: 'linotp', version: 0, addresses: [], lastSeen: 0, publicKey: device.spki };
      const parts = {
        clock,
        store: { findDevice: async (gda: string) => (gda === stored.gda ? stored : undefined) },
        limits: { failedOrThrow: async () => undefined },
      } as unknown as Parameters<typeof signedDevice>[0];
      return async (input) => {
        const [method = '', gda = '', at = '', signature = ''] = fieldsOf(input, 5);
        const body = fieldBytes(input, 5)[4] ?? Buffer.alloc(0);
        if (!Number.isSafeInteger(Number(at))) return refused('no moment');
        if (!(await signedDevice(parts, { method, gda, at: Number(at), body, signature, source: '192.0.2.1' }))) return refused();
        assert.ok(signed.has([method, gda, String(Number(at)), body].join('\n')), 'nobody signed that');
        return taken(gda, method);
      };
    },
  },
  {
    name: 'headers',
    of: [
      'src/edge/access/credentials.ts',
      'src/edge/access/api-keys.ts',
      'src/edge/access/claims.ts',
      'src/edge/http/observe.ts',
      'src/edge/dialects/linotp/caller.ts',
    ],
    longest,
    seeds: () => [
      inputOf(
        `Bearer ${jwts[0]}`,
        `${sessionCookie}=${jwts[0]}; other="x; y"`,
        '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
        'req-1',
      ),
      inputOf('Bearer api-key-0123456789abcdef0123', `a=b; ${sessionCookie}=%41`, 'ff-00-00-00', 'a'.repeat(64)),
      inputOf(`Basic ${Buffer.from('a:b').toString('base64')}`, '', '', ''),
    ],
    open: () => {
      const claimed = openClaims({ servers: [server], tokens });
      return async (input) => {
        const [authorization = '', cookie = '', traceparent = '', requestId = ''] = fieldBytes(input, 4).map(headerText);
        const ctx = fakeRequest({ headers: { authorization, cookie, traceparent, 'x-request-id': requestId } });
        const bearer = bearerOf(authorization);
        assert.ok(!bearer.includes(' '));
        takeOverIds(ctx);
        assert.match(String(ctx.state.requestId ?? ''), /^[A-Za-z0-9._-]{0,64}$/);
        const session = sessionOf(ctx);
        assert.match(csrfOf(session), /^[0-9a-f]{64}$/);
        const claim = await claimed({ bearer, header: () => '' });
        if (claim.shown !== undefined)
          assert.ok(bearer === 'api-key-0123456789abcdef0123' || good.has(signedPartOf(bearer)), 'nobody showed that');
        return taken([bearer, session, claim, ctx.state.requestId, ctx.state.traceId], JSON.stringify(claim));
      };
    },
  },
  {
    name: 'forwarded-address',
    of: ['src/edge/http/address.ts', 'src/edge/http/client-override.ts', 'src/foundation/wire/networks.ts'],
    longest,
    seeds: () => [
      inputOf('10.0.0.1', '203.0.113.7, for="[2001:db8::1]:51234", 10.0.0.2:443', '198.51.100.7', 'https, http'),
      inputOf('::ffff:10.0.0.1', 'for=203.0.113.7;proto=https;by=203.0.113.43', '::1', 'HTTPS'),
      inputOf('192.0.2.1', 'unknown, 0x7f.1, 010.0.0.1', '', ''),
    ],
    open: () => {
      const proxies = ['10.0.0.0/8', '::1/128'];
      const listener = { trustedProxies: proxies, forwardedHeader: 'X-Forwarded-For' } as const;
      const [routeOf, secure] = [routeReader(listener), secureReader(listener)];
      const user = clientReader(routeOf, '10.0.0.0/8 > 203.0.113.0/24, 192.0.2.1');
      return (input) => {
        const [from = '', forwarded = '', client = '', proto = ''] = fieldBytes(input, 4).map(headerText);
        const ctx = fakeRequest({
          from: isAddress(from) ? from : '192.0.2.1',
          headers: { 'x-forwarded-for': forwarded, 'x-forwarded-proto': proto },
        });
        noteParams(ctx, new Map([['client', client]]));
        const { hops: route } = routeOf(ctx);
        assert.ok(route.every(isAddress), `no address in ${route}`);
        // Whoever is no proxy of ours names nobody but himself.
        const peer = normalAddress(ctx.req.socket.remoteAddress ?? '');
        const isTrusted = proxies.some((text) => {
          const network = readNetwork(text);
          return network !== undefined && isInNetwork(peer, network);
        });
        if (!isTrusted) assert.equal(route[0], peer);
        const counted = user(ctx);
        assert.ok(isAddress(counted), counted);
        return taken([route, counted, secure(ctx)], `${Math.min(route.length, 4)} ${isTrusted}`);
      };
    },
  },
  {
    name: 'address',
    of: ['src/foundation/wire/networks.ts'],
    longest,
    seeds: () =>
      [
        '203.0.113.7',
        '[2001:db8::1]:443',
        '::ffff:192.0.2.1',
        'fe80::1%eth0',
        '10.0.0.0/8',
        '2001:db8::/32',
        'for=1.2.3.4',
        '64:ff9b::1.2.3.4',
      ].map((text) => Buffer.from(text)),
    open: () => (input) => {
      const text = input.toString();
      const [named, network, isOne] = [namedAddress(text), readNetwork(text), isAddress(text)];
      if (named !== undefined)
        assert.deepEqual([namedAddress(named), isAddress(named)], [named, true], 'its usual spelling is not its own');
      const usual = normalAddress(text);
      assert.equal(normalAddress(usual), usual, 'two usual spellings');
      if (isOne) {
        assert.equal(networkOf(networkOf(text).replace('/64', '')), networkOf(text));
        assert.ok(!(isPublic(text) && isLoopback(text)));
        assert.ok(network && isInNetwork(text, network), 'not in the network of itself');
      } else assert.deepEqual([isPublic(text), isLoopback(text)], [false, false]);
      return taken(
        [named, usual, network && [network.address.toString(), network.bits]],
        `${named !== undefined} ${network?.bits} ${isOne}`,
      );
    },
  },
];
