import { createHash, generateKeyPairSync, type JsonWebKey, type KeyObject, randomUUID, sign } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Clock } from '../../src/foundation/model/index.ts';
import type { Cleanup } from './temporary.ts';

/** A signature key of the realm. */
export type RealmKey = { kid: string; alg: string; privateKey: KeyObject; jwk: JsonWebKey };

/** A reply of the stand-in; tests read any part of its body. */
// biome-ignore lint/suspicious/noExplicitAny: a test asserts on every field that it touches
export type KeycloakReply = { status: number; body: any };

/** What the stand-in knows of one request that the gateway accepted. */
type Stored = {
  authReqId: string;
  client: string;
  token: string;
  status?: string;
  endsAt: number;
  forgottenAt: number;
  polledAt: number;
};

/** What a callback meets: the rules of Keycloak, or a failure before or after them. */
export type CallbackFault = 'none' | 'reset' | 'error' | 'stored-then-reset' | 'ping-fails' | 'hang';

/**
 * A stand-in for one realm of Keycloak 26 with its HTTP authentication channel, written from the protocol notes alone.
 * It asks the gateway, waits for exactly 201, takes callbacks by Keycloak's rules, and answers the token endpoint.
 * @see docs/protocols/keycloak-ciba.md
 */
export type Keycloak = {
  issuer: string;
  port: number;
  /** Where the gateway is asked; set it before `ask`. */
  channelUrl: string;
  keys: RealmKey[];
  /** Ids of users by name; a renamed user keeps the id. */
  subjects: Map<string, string>;
  callbackFault: CallbackFault;
  /** The callbacks so far: the status that was sent, and the HTTP status of the reply (0: none). */
  callbacks: { sent: string; replied: number; token: string }[];
  /** How often the keys were fetched. */
  keyFetches: number;
  /** Whether the keys can be fetched. */
  servesKeys: boolean;
  /** Resolves when this many callbacks were replied to, or cut off. */
  calledBack(count?: number): Promise<void>;
  /** A token as the realm makes it, with changes; a claim of `undefined` is left out. */
  token(how?: TokenWish): string;
  /** Sends one request to the gateway with any token and body. */
  send(token: string | undefined, body: unknown): Promise<KeycloakReply>;
  /** The backchannel authentication endpoint: asks the gateway, and stores the request when it replies 201. */
  ask(form: Record<string, string>): Promise<KeycloakReply>;
  /** Stores a request of this token, as Keycloak does after it has read the 201. Returns its id for the client. */
  store(token: string, client?: string): string;
  /** The token endpoint for this client. */
  poll(authReqId: string, client?: string): Promise<KeycloakReply>;
  /** Stops or starts listening, as in an outage. */
  listen(isUp: boolean): Promise<void>;
};

/** Changes of a token. */
export type TokenWish = {
  key?: RealmKey;
  claims?: Record<string, unknown>;
  header?: Record<string, unknown>;
  user?: string;
  client?: string;
};

const base64 = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

const curves: Readonly<Record<string, string>> = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' };

/** Makes a key of the realm for one algorithm. */
export function realmKey(alg: string): RealmKey {
  const { privateKey, publicKey } = alg.startsWith('ES')
    ? generateKeyPairSync('ec', { namedCurve: curves[alg] ?? 'P-256' })
    : alg === 'EdDSA'
      ? generateKeyPairSync('ed25519')
      : generateKeyPairSync('rsa', { modulusLength: 2048 });
  const kid = randomUUID();
  return { kid, alg, privateKey, jwk: { ...publicKey.export({ format: 'jwk' }), kid, alg, use: 'sig' } };
}

function signed(text: string, { alg, privateKey }: RealmKey): string {
  const digest = alg === 'EdDSA' ? null : `sha${alg.slice(2)}`;
  const how = alg.startsWith('ES')
    ? ({ key: privateKey, dsaEncoding: 'ieee-p1363' } as const)
    : alg.startsWith('PS')
      ? { key: privateKey, padding: 6, saltLength: Number(alg.slice(2)) / 8 }
      : privateKey;
  return sign(digest, Buffer.from(text), how).toString('base64url');
}

/** Keycloak's socket time limit for the channel. */
const channelMs = 5000;
const expiresInSeconds = 120;
const intervalSeconds = 5;

/** Starts the stand-in for the realm `shop`. */
export async function givenKeycloak(undo: Cleanup, clock: Clock): Promise<Keycloak> {
  const stored = new Map<string, Stored>();
  const heard: (() => void)[] = [];
  const server = createServer((asked, reply) => void serve(asked, reply));
  const sockets = new Set<{ destroy(): void }>();
  server.on('connection', (socket) => sockets.add(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const keycloak: Keycloak = {
    issuer: `http://127.0.0.1:${port}/realms/shop`,
    port,
    channelUrl: '',
    keys: [realmKey('RS256')],
    subjects: new Map(),
    callbackFault: 'none',
    callbacks: [],
    keyFetches: 0,
    servesKeys: true,
    async calledBack(count = 1) {
      while (keycloak.callbacks.length < count) await new Promise<void>((resolve) => heard.push(resolve));
    },
    token({ key = keycloak.keys[0], claims = {}, header = {}, user = 'alice', client = 'till-7' } = {}) {
      if (!key) throw new Error('the realm has no key');
      const now = Math.floor(clock() / 1000);
      const subject = keycloak.subjects.get(user) ?? randomUUID();
      keycloak.subjects.set(user, subject);
      const usual = { exp: now + expiresInSeconds, iat: now, jti: randomUUID(), iss: keycloak.issuer, aud: keycloak.issuer, sub: subject };
      const parts = [
        base64({ alg: key.alg, typ: 'JWT', kid: key.kid, ...header }),
        base64({ ...usual, typ: 'Bearer', azp: client, ...claims }),
      ].join('.');
      return `${parts}.${signed(parts, key)}`;
    },
    send: (token, body) => post(keycloak.channelUrl, token, typeof body === 'string' ? body : JSON.stringify(body)),
    async ask({ user = 'alice', client = 'till-7', scope = 'openid', binding_message, consent = 'false', expiry, ...extra }) {
      const now = clock();
      const exp = Math.floor(now / 1000) + Number(expiry ?? expiresInSeconds);
      const token = keycloak.token({ user, client, claims: { exp } });
      const usual = { scope, binding_message: binding_message ?? null, login_hint: user.toLowerCase(), acr_values: null };
      const body = { ...usual, is_consent_required: consent === 'true', ...extra };
      const reply = await keycloak.send(token, body).catch(() => ({ status: 0 }));
      if (reply.status !== 201)
        return { status: 503, body: { error: 'server_error', error_description: 'Unexpected response from authentication device' } };
      const authReqId = keycloak.store(token, client);
      return { status: 200, body: { auth_req_id: authReqId, expires_in: expiresInSeconds, interval: intervalSeconds } };
    },
    store(token, client = 'till-7') {
      const authReqId = randomUUID();
      const endsAt = clock() + expiresInSeconds * 1000;
      stored.set(token, { authReqId, client, token, endsAt, forgottenAt: endsAt + 15_000, polledAt: 0 });
      return authReqId;
    },
    async poll(authReqId, client = 'till-7') {
      const found = [...stored.values()].find((each) => each.authReqId === authReqId);
      if (!found || found.client !== client || clock() >= found.forgottenAt) return { status: 400, body: { error: 'invalid_grant' } };
      if (clock() >= found.endsAt) return { status: 400, body: { error: 'expired_token' } };
      if (found.status === undefined) {
        const isFast = clock() - found.polledAt < intervalSeconds * 1000;
        found.polledAt = clock();
        return { status: 400, body: { error: isFast ? 'slow_down' : 'authorization_pending' } };
      }
      if (found.status !== 'SUCCEED') return { status: 400, body: { error: 'access_denied' } };
      stored.delete(found.token);
      return { status: 200, body: { access_token: createHash('sha256').update(authReqId).digest('hex'), token_type: 'Bearer' } };
    },
    async listen(isUp) {
      if (isUp) {
        server.listen(port, '127.0.0.1');
        await once(server, 'listening');
        return;
      }
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };

  async function serve(asked: IncomingMessage, reply: ServerResponse): Promise<void> {
    const body = await text(asked).catch(() => '');
    if (asked.url === '/realms/shop/.well-known/openid-configuration') {
      const metadata = {
        issuer: keycloak.issuer,
        backchannel_authentication_endpoint: `${keycloak.issuer}/protocol/openid-connect/ext/ciba/auth`,
      };
      return respond(reply, { status: 200, body: metadata });
    }
    if (asked.url === '/realms/shop/protocol/openid-connect/certs') {
      keycloak.keyFetches += 1;
      const encryption = { kid: 'enc', use: 'enc', alg: 'RSA-OAEP', kty: 'RSA', n: 'AQAB', e: 'AQAB' };
      const keys = [...keycloak.keys.map(({ jwk }) => jwk), encryption];
      return respond(reply, keycloak.servesKeys ? { status: 200, body: { keys } } : { status: 500, body: {} });
    }
    if (asked.method === 'POST' && asked.url === '/realms/shop/protocol/openid-connect/ext/ciba/auth/callback')
      return takeCallback(asked, reply, body);
    respond(reply, { status: 404, body: {} });
  }

  function takeCallback(asked: IncomingMessage, reply: ServerResponse, body: string): void {
    const token = /^Bearer (.+)$/.exec(asked.headers.authorization ?? '')?.[1] ?? '';
    const { status: sent } = JSON.parse(body === '' ? '{}' : body);
    const told = (replied: number): void => {
      keycloak.callbacks.push({ sent, replied, token });
      for (const each of heard.splice(0)) each();
    };
    const fault = keycloak.callbackFault;
    const cutsOff = fault === 'reset' || fault === 'stored-then-reset';
    if (fault === 'hang' || cutsOff) {
      if (fault === 'stored-then-reset') judged({ token, sent, contentType: asked.headers['content-type'] });
      if (cutsOff) asked.socket.destroy();
      told(0);
      return;
    }
    const outcome = fault === 'error' ? { status: 500, body: {} } : judged({ token, sent, contentType: asked.headers['content-type'] });
    const pinged = {
      status: 400,
      body: { error: 'invalid_request', error_description: 'Failed to send request to client notification endpoint' },
    };
    const answer = fault === 'ping-fails' && outcome.status === 200 ? pinged : outcome;
    respond(reply, answer);
    told(answer.status);
  }

  /** Keycloak's rules for a callback, with its traps. */
  function judged({ token, sent, contentType = '' }: { token: string; sent: string; contentType?: string | undefined }): KeycloakReply {
    if (token === '') return { status: 401, body: { error: 'invalid_token' } };
    if (!contentType.startsWith('application/json')) return { status: 415, body: {} };
    if (!['SUCCEED', 'CANCELLED', 'UNAUTHORIZED'].includes(sent))
      return { status: 400, body: { error: 'invalid_request', error_description: 'Invalid authentication status' } };
    const found = stored.get(token);
    const { exp } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
    if (found?.status === 'SUCCEED') stored.delete(token);
    if (!found || found.status === 'SUCCEED' || exp * 1000 <= clock())
      return { status: 403, body: { error: 'invalid_token', error_description: 'Invalid token' } };
    found.status = sent;
    return { status: 200, body: {} };
  }

  undo.later(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return keycloak;
}

function respond(reply: ServerResponse, { status, body }: KeycloakReply): void {
  reply.writeHead(status, { 'content-type': 'application/json' });
  reply.end(JSON.stringify(body));
}

/** Posts as Keycloak's HTTP client does. Rejects without a reply within five seconds. */
function post(url: string, token: string | undefined, body: string): Promise<KeycloakReply> {
  const headers = {
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    'content-type': 'application/json',
    'user-agent': 'Apache-HttpClient/4.5.14 (Java/17.0.15)',
    'accept-encoding': 'gzip,deflate',
  };
  return new Promise((resolve, reject) => {
    const call = request(url, { method: 'POST', headers, timeout: channelMs }, (reply) => {
      text(reply).then((read) => resolve({ status: reply.statusCode ?? 0, body: read.startsWith('{') ? JSON.parse(read) : read }), reject);
    });
    call.on('timeout', () => call.destroy(new Error('no reply within 5 s')));
    call.on('error', reject);
    call.end(body);
  });
}
