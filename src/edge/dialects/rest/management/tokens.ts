import { z } from 'zod';
import { longestPin, type TokenAdministration } from '../../../../engine/index.ts';
import type { PushToken } from '../../../../foundation/model/index.ts';
import type { Permission } from '../../../../policy/index.ts';
import { nameField, notEnabled, tokenFilter } from '../../../formats/management/index.ts';
import { type Endpoint, type ManagerCall, managed } from '../endpoint.ts';
import type { RestParts } from '../parts.ts';
import { RestProblem } from '../problems.ts';
import { noSuchToken, ownToken, TokenReply, TokenSummary, tokenReply, tokenState, tokenSummary } from './token-reply.ts';

const list = managed(
  {
    method: 'GET',
    path: '/v1/tokens',
    right: 'tokens',
    permission: 'tokenlist',
    id: 'listTokens',
    summary: 'Push tokens by serial, in pages',
    query: z.strictObject({
      user: nameField.optional().describe('The owner; * stands for any text.'),
      realm: nameField.optional().describe('The realm of the owner.'),
      serial: nameField.optional().describe('A serial; * stands for any text.'),
      state: tokenState.optional(),
      limit: z.coerce.number().int().min(1).max(1000).default(100).describe('The most push tokens of a page.'),
      cursor: nameField.optional().describe('`next` of the page before.'),
    }),
    replies: {
      200: {
        description: 'A page.',
        schema: z.strictObject({
          tokens: z.array(TokenSummary),
          next: z.string().optional().describe('The cursor of the next page, if there is one.'),
        }),
      },
    },
  },
  async ({ engine }, { manager, query }) => {
    const { limit, cursor: afterSerial, state: rolloutState, ...wish } = query;
    const filter = await tokenFilter(engine, manager.asker, { ...wish, rolloutState });
    if (filter === 'foreign') return { status: 200, body: { tokens: [] } };
    // One more shows whether there is another page.
    const page = { offset: 0, limit: limit + 1, sortBy: 'serial' as const, descending: false };
    const { tokens } = await engine.people.listTokens({ ...filter, afterSerial, inRealms: manager.realms }, page);
    const shown = tokens.slice(0, limit);
    return { status: 200, body: { tokens: shown.map(tokenSummary), next: tokens.length > limit ? shown.at(-1)?.serial : undefined } };
  },
);

const get = managed(
  {
    method: 'GET',
    path: '/v1/tokens/:serial',
    right: 'tokens',
    permission: 'tokenlist',
    id: 'getToken',
    summary: 'One push token, its owner and its phone',
    replies: { 200: { description: 'The push token.', schema: TokenReply } },
    problems: ['not-found'],
  },
  async (parts, { manager, param }) => ({ status: 200, body: tokenReply(await ownToken(parts, manager, param('serial'))) }),
);

type Act<B> = (acts: TokenAdministration, token: PushToken, body: B) => Promise<unknown>;

/** Does one act on the push token in the path, and replies with what became of it. */
const acting =
  <B>(act: Act<B>) =>
  async (parts: RestParts, { manager, param, body }: ManagerCall<unknown, B>) => {
    const token = await ownToken(parts, manager, param('serial'));
    await act(parts.engine.administration(manager.actor, manager.scope), token, body);
    const now = await parts.engine.tokens.find(token.serial);
    if (!now) throw noSuchToken(token.serial);
    return { status: 200, body: tokenReply(now) };
  };

const described = (id: string, act: string, permission: Permission, summary: string) => ({
  method: 'POST' as const,
  path: `/v1/tokens/:serial/${act}`,
  right: 'tokens' as const,
  permission,
  id,
  summary,
  body: z.strictObject({}),
  replies: { 200: { description: 'The push token as it is now.', schema: TokenReply } },
  problems: ['not-found' as const],
});

const enable = managed(
  { ...described('enableToken', 'enable', 'enable', 'Lets a push token be used again'), problems: ['not-found', 'conflict'] },
  acting(async (acts, token) => {
    const why = notEnabled(token);
    if (why !== undefined) throw new RestProblem('conflict', why, { id: token.serial, state: token.revoked ? 'revoked' : token.rollout });
    await acts.setEnabled([token], true);
  }),
);

const disable = managed(
  described('disableToken', 'disable', 'disable', 'Takes a push token out of use'),
  acting((acts, token) => acts.setEnabled([token], false)),
);

const reset = managed(
  described('resetToken', 'reset', 'reset', 'Clears the failed tries of a push token, and the waits after them'),
  acting((acts, token) => acts.reset([token])),
);

const setPin = managed(
  {
    ...described('setTokenPin', 'pin', 'setpin', 'Sets the PIN of a push token'),
    method: 'PUT',
    body: z.strictObject({ pin: z.string().max(longestPin).describe('The PIN; the empty one removes it.') }),
  },
  acting((acts, token, { pin }) => acts.setPin([token], pin)),
);

const remove = managed(
  {
    method: 'DELETE',
    path: '/v1/tokens/:serial',
    right: 'tokens',
    permission: 'delete',
    id: 'deleteToken',
    summary: 'Deletes a push token',
    description: 'Its open challenges are withdrawn.',
    replies: { 204: { description: 'It is gone.' } },
    problems: ['not-found'],
  },
  async (parts, { manager, param }) => {
    const token = await ownToken(parts, manager, param('serial'));
    await parts.engine.administration(manager.actor, manager.scope).remove([token]);
    return { status: 204 };
  },
);

/** The endpoints for push tokens that exist. */
export const tokenEndpoints: readonly Endpoint[] = [list, get, enable, disable, reset, setPin, remove];
