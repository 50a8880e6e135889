import { generateKeyPairSync } from 'node:crypto';
import { SignJWT } from 'jose';
import { authServerConfig } from '../../../src/edge/access/index.ts';
import { permissions } from '../../../src/policy/index.ts';
import { type GivenGateway, givenGateway } from '../../kit/gateway.ts';
import type { Cleanup } from '../../kit/temporary.ts';
import { type Held, mountPaths, type Row } from './rows.ts';

/** Everything that a caller can have. */
export const everything: Held = { rights: authServerConfig.shape.rights.unwrap().element.options, permissions };

/**
 * The reply to a request, and the refusals of its caller that became events: `caller-refused no-right`. `not-here` is
 * said to a caller who has the right.
 */
export type Told = { status: number; text: string; refusals: string[] };

/** What a request to a row says, and where it goes if the path holds more than the names of parameters. */
export type Said = { form?: Record<string, string> | undefined; path?: string | undefined };

/** Sends a request to a row of the gateway at this address, as its dialect would. */
export async function send(url: string, row: Row, { form = {}, path = `${row.mount}${row.path}` }: Said, headers: Record<string, string>) {
  const isForm = row.serves === 'privacyidea' || row.serves === 'linotp';
  const hasBody = row.method !== 'GET' && !(isForm && row.method === 'DELETE');
  const place = `${url}${path.replace(/:[^/]+/g, 'unknown-1')}${hasBody ? '' : `?${new URLSearchParams(form)}`}`;
  const reply = await fetch(place, {
    method: row.method,
    headers: { ...headers, ...(hasBody && !isForm ? { 'content-type': 'application/json' } : {}) },
    ...(hasBody ? { body: isForm ? new URLSearchParams(form) : JSON.stringify(form) } : {}),
  });
  // An event stream does not end by itself.
  const isStream = reply.headers.get('content-type')?.startsWith('text/event-stream') === true;
  if (isStream) await reply.body?.cancel();
  return { status: reply.status, text: isStream ? '' : await reply.text() };
}

/** Asks a route as a caller who has this. `from`: the address that a proxy names. */
export type Ask = (row: Row, as: Partial<Held>, more?: Said & { from?: string | undefined }) => Promise<Told>;

/** The API key of the auth server that has these rights. */
export const keyFor = (rights: readonly string[]): string => `key-${rights.join('-') || 'none'}`.padEnd(40, '.');

/** A gateway with a mount of every kind, and a caller for everything that one of `holders` has. */
export async function givenCallers(undo: Cleanup, holders: readonly Held[]): Promise<GivenGateway & { ask: Ask }> {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const servers = new Map(holders.filter(({ rights }) => rights.length > 0).map(({ rights }) => [keyFor(rights), rights]));
  const names = new Map(holders.filter((each) => each.permissions.length > 0).map((each) => [each.permissions.join(), each.permissions]));
  const nameOf = (held: readonly string[]): string => `admin${[...names.keys()].indexOf(held.join())}`;
  const keys = [...servers].map(([key, rights], index) => ({ key, rights, name: `server${index}` }));
  const given = await givenGateway(undo, {
    settings: { sourceFailures: 10_000 },
    environment: {
      KEY: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
      ...Object.fromEntries(keys.map(({ key, name }) => [name, key])),
    },
    policies: [
      { name: 'admin', scope: 'admin', match: { user: ['admin'] }, actions: allOf(permissions) },
      ...[...names.values()].map((held) => ({
        name: nameOf(held),
        scope: 'admin',
        match: { user: [nameOf(held)] },
        actions: allOf(held),
      })),
    ],
    more: {
      listeners: [
        {
          address: '127.0.0.1:0',
          trustedProxies: ['127.0.0.1/32'],
          mounts: [
            ...Object.entries(mountPaths).map(([serves, path]) => ({ path: path || '/', serves })),
            { path: '/edumfa', serves: 'privacyidea', flavour: 'edumfa' },
          ],
        },
      ],
      keycloaks: [{ name: 'shop', issuer: 'https://sso.example.com/realms/shop' }],
      trustedJwts: [{ publicKey: { $env: 'KEY' }, algorithm: 'ES256', role: 'admin', realm: 'staff', username: '.*' }],
      authServers: [
        { name: 'here', networks: ['127.0.0.1/32'], mounts: ['/', '/edumfa', '/linotp', '/cs', '/rest'], rights: everything.rights },
        ...keys.map(({ name, rights }) => ({
          name,
          mounts: ['/', '/edumfa', '/linotp', '/cs', '/rest'],
          rights,
          apiKeys: [{ $env: name }],
        })),
      ],
    },
  });
  const tokenOf = (username: string): Promise<string> =>
    new SignJWT({ role: 'admin', realm: 'staff', username, exp: Math.floor(given.clock() / 1000) + 3600 })
      .setProtectedHeader({ alg: 'ES256' })
      .sign(privateKey);
  const ask: Ask = async (row, { rights = [], permissions: held = [] }, { from, ...more } = {}) => {
    const before = given.logged.length;
    const told = await send(given.client.url, row, more, {
      ...(from === undefined ? {} : { 'x-forwarded-for': from }),
      ...(rights.length > 0 ? { 'x-api-key': keyFor(rights) } : {}),
      ...(held.length > 0 ? { authorization: `Bearer ${await tokenOf(nameOf(held))}` } : {}),
    });
    const refusals = given.logged
      .slice(before)
      .filter(({ event, reason }) => (event === 'caller-refused' || event === 'administration-refused') && reason !== 'not-here')
      .map(({ event, reason }) => `${event} ${reason}`);
    return { ...told, refusals };
  };
  return { ...given, ask };
}

const allOf = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, true]));
