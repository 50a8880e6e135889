import { type GatewayWishes, type GivenGateway, givenGateway } from '../../../kit/gateway.ts';
import type { Cleanup } from '../../../kit/temporary.ts';
import { assertDescribed } from './contract.ts';

/** A reply of the REST interface; tests read any part of its body. */
// biome-ignore lint/suspicious/noExplicitAny: a test asserts on every field that it touches
export type RestReply = { status: number; headers: Headers; body: any; text: string };

/** Calls the REST interface, as the auth server of this key. Fails when the exchange is not what the OpenAPI document says. */
export type Rest = (call: string, body?: unknown, over?: RequestInit & { key?: string }) => Promise<RestReply>;

const rights = ['trigger', 'check', 'poll', 'deliver', 'tokens', 'providers', 'policies', 'limits', 'audit', 'erase'];

/** The keys of two auth servers. The shop has all rights for the realm corp, the stranger has them for all realms. */
export const keys = { shop: 'shop-key-0123456789abcdef0123456789abcdef', stranger: 'stranger-key-0123456789abcdef0123456789' };

/** What a test may change: `publicUrl` of the rest mount, and the `returnUrls` of the shop. */
export type RestWishes = GatewayWishes & { publicUrl?: string; returnUrls?: string[] };

/** A gateway with a rest mount for two auth servers, beside a privacyidea mount for phones. */
export async function givenRest(
  undo: Cleanup,
  { more = {}, mounts = [], publicUrl, returnUrls = [], ...wishes }: RestWishes = {},
): Promise<GivenGateway & { rest: Rest }> {
  const server = { mounts: ['/', '/rest'], rights };
  const given = await givenGateway(undo, {
    ...wishes,
    mounts: [{ path: '/', serves: 'privacyidea' }, { path: '/rest', serves: 'rest', publicUrl }, { path: '/', serves: 'ops' }, ...mounts],
    environment: { SHOP: keys.shop, STRANGER: keys.stranger, ...wishes.environment },
    more: {
      authServers: [
        { name: 'shop', ...server, returnUrls, realms: ['corp'], networks: ['127.0.0.1/32'], apiKeys: [{ $env: 'SHOP' }] },
        { name: 'stranger', ...server, apiKeys: [{ $env: 'STRANGER' }] },
      ],
      ...more,
    },
  });
  const rest: Rest = async (call, body, { key = keys.shop, headers, ...over } = {}) => {
    const [method = 'GET', path = ''] = call.split(' ');
    const request: RequestInit = {
      method,
      headers: { authorization: `Bearer ${key}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...over,
    };
    const reply = await fetch(`${given.client.url}/rest${path}`, request);
    const [status, text, contentType] = [reply.status, await reply.text(), reply.headers.get('content-type') ?? ''];
    assertDescribed({ method, path, sent: request.body?.toString(), status, text, contentType });
    return { status, headers: reply.headers, text, body: /[/+]json\b/.test(contentType) ? JSON.parse(text) : undefined };
  };
  return { ...given, rest };
}
