import assert from 'node:assert/strict';
import { restEndpoints } from '../../../../../src/edge/dialects/rest/index.ts';
import type { GatewayWishes, GivenGateway } from '../../../../kit/gateway.ts';
import type { Cleanup } from '../../../../kit/temporary.ts';
import { givenRest, keys, type Rest, type RestReply } from '../given.ts';

const all = ['trigger', 'check', 'poll', 'tokens', 'providers', 'policies', 'limits', 'audit', 'erase'];
const lobbyKey = 'lobby-key-0123456789abcdef0123456789abcdef';
const kioskKey = 'kiosk-key-0123456789abcdef0123456789abcdef';

/** The callers: two auth servers that manage one realm each, one that only logs in, and an administrator. */
export type Callers = { shop: Rest; lobby: Rest; kiosk: Rest; admin: Rest };

/** A gateway with auth servers that manage, and an administrator. Each reply is held against the schema of its endpoint. */
export async function givenManagers(undo: Cleanup, wishes: GatewayWishes = {}): Promise<GivenGateway & { rest: Rest; by: Callers }> {
  const server = { mounts: ['/', '/rest'], networks: ['192.0.2.0/24'] };
  const given = await givenRest(undo, {
    ...wishes,
    environment: { LOBBY: lobbyKey, KIOSK: kioskKey },
    more: {
      authServers: [
        { name: 'shop', ...server, rights: all, realms: ['Corp'], apiKeys: [{ $env: 'SHOP' }] },
        { name: 'lobby', ...server, rights: all, realms: ['guests'], apiKeys: [{ $env: 'LOBBY' }] },
        { name: 'kiosk', ...server, realms: ['corp'], apiKeys: [{ $env: 'KIOSK' }] },
        { name: 'here', mounts: ['/', '/rest'], rights: all, networks: ['127.0.0.1/32'] },
      ],
      ...wishes.more,
    },
  });
  const calling =
    (headers: Record<string, string>): Rest =>
    async (call, body, over = {}) =>
      asDescribed(call, await given.rest(call, body, { ...over, headers: { ...headers, ...over.headers } }));
  const keyed = (key: string): Rest => calling({ authorization: `Bearer ${key}` });
  const [token = ''] = Object.values(given.admin);
  const admin = calling({ authorization: `Bearer ${token.replace(/^Bearer /, '')}` });
  return { ...given, by: { shop: keyed(keys.shop), lobby: keyed(lobbyKey), kiosk: keyed(kioskKey), admin } };
}

/** Fails for a reply that its endpoint does not describe. */
function asDescribed(call: string, reply: RestReply): RestReply {
  const [method, path = ''] = call.replace(/\?.*/, '').split(' ');
  const described = restEndpoints
    .map((each) => each.described)
    .find((each) => each.method === method && new RegExp(`^${each.path.replaceAll(/:\w+/g, '[^/]+')}$`).test(path));
  if (!described || reply.status >= 400) return reply;
  const expected = described.replies[reply.status];
  assert.ok(expected, `${call}: ${reply.status} is not described`);
  if (expected.schema) {
    const read = expected.schema.safeParse(reply.body);
    assert.ok(read.success, `${call}: ${read.error?.message}`);
  } else assert.equal(reply.text, '', call);
  return reply;
}

/** The problem of a reply: its status and type. */
export const problemOf = ({ status, body, headers, text }: RestReply): string => {
  assert.match(headers.get('content-type') ?? '', /^application\/problem\+json/, `${status} ${text}`);
  return `${status} ${body.type.replace('urn:pushgate:problem:', '')}`;
};
