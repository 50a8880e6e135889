import assert from 'node:assert/strict';
import type { GatewayWishes } from '../../../kit/gateway.ts';
import type { Cleanup } from '../../../kit/temporary.ts';
import { givenRest } from './given.ts';

/** The registered return URL of the shop. */
export const returnUrl = 'https://shop.example/login/done';

const publicUrl = 'https://mfa.example/rest';

/** A reply to a browser, which follows no redirect. */
export type PageReply = { status: number; headers: Headers; text: string };

/** A gateway with waiting pages, and alice's phone. `isPublic: false`: its rest mount has no public address. */
export async function givenPage(undo: Cleanup, { isPublic = true, ...wishes }: GatewayWishes & { isPublic?: boolean } = {}) {
  const world = await givenRest(undo, { ...wishes, returnUrls: [returnUrl], ...(isPublic ? { publicUrl } : {}) });
  const phone = await world.phoneOf('alice');
  const nonce = async (): Promise<string> => (await phone.poll()).body.result.value.at(-1).nonce;
  return {
    ...world,
    /** A challenge with a page. */
    async opened(more: object = {}) {
      const page = { returnUrl, state: 'the shop knows & checks this' };
      const created = await world.rest('POST /v1/challenges', { user: 'alice', page, ...more });
      assert.equal(created.status, 201, created.text);
      return created.body;
    },
    /** What a browser gets at a public address. */
    async browser(address: string, init: RequestInit = {}): Promise<PageReply> {
      const reply = await fetch(address.replace(publicUrl, `${world.client.url}/rest`), { redirect: 'manual', ...init });
      return { status: reply.status, headers: reply.headers, text: await reply.text() };
    },
    accepts: async ({ number }: { number: string }) => phone.answer(await nonce(), { option: number }),
    declines: async () => phone.answer(await nonce(), { decline: true }),
  };
}
