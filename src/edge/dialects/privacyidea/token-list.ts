import type { Context } from 'koa';
import type { PushTokenFilter } from '../../../store/store.ts';
import { PiFault, type PiParams, readPiRequest, sendPi } from '../../formats/privacyidea/index.ts';
import { adminOf } from './caller.ts';
import { ownerNamed } from './owner-named.ts';
import { neighbours, pageOf } from './paging.ts';
import type { PrivacyideaParts } from './parts.ts';
import { rolloutStateOf, tokenObject } from './token-object.ts';
import { peopleOf } from './token-people.ts';

/**
 * `GET /token/`: push tokens, page by page.
 * @see docs/protocols/privacyidea.md 10
 */
export async function tokenList(parts: PrivacyideaParts, ctx: Context): Promise<void> {
  const params = await readPiRequest(ctx, parts.product);
  await adminOf(parts, ctx, 'tokenlist');
  if (params.text('infokey')) throw new PiFault('parameter', 'This gateway does not search in the info of tokens; leave infokey out.');
  const filter = await filterOf(parts, ctx, params);
  const page = pageOf(params);
  const sortBy = params.text('sortby') === 'username' ? ('user' as const) : ('serial' as const);
  const descending = params.text('sortdir')?.toLowerCase() === 'desc';
  const found = filter
    ? await parts.engine.listTokens(filter, { offset: page.offset, limit: page.limit, sortBy, descending })
    : { count: 0, tokens: [] };
  const { flavour } = parts.product;
  const person = await peopleOf(parts, found.tokens);
  const tokens = found.tokens.map((token) => ({ ...tokenObject(token, flavour), ...person(token) }));
  const current = flavour === 'edumfa' ? { current: page.number } : {};
  const value = { count: found.count, ...current, ...neighbours(page, found.count), tokens };
  sendPi(ctx, parts.product, { id: 1, value });
}

/** What the list is asked to show; undefined when nothing can match. */
async function filterOf(parts: PrivacyideaParts, ctx: Context, params: PiParams): Promise<PushTokenFilter | undefined> {
  const user = params.text('user') ? await ownerNamed(parts, ctx, params) : undefined;
  const rollout = params.text('rollout_state');
  const state = rollout ? rolloutStateOf(rollout) : undefined;
  if (rollout && !state) return undefined;
  const texts = { serial: params.text('serial'), type: params.text('type'), realm: user?.realm ?? params.text('realm') };
  return {
    ...Object.fromEntries(Object.entries(texts).filter(([, text]) => text)),
    ...(user ? { user: user.user } : {}),
    ...(params.text('active') ? { enabled: isYes(params, 'active') } : {}),
    ...(params.text('assigned') ? { assigned: isYes(params, 'assigned') } : {}),
    ...(state ? { rollout: state } : {}),
  };
}

const isYes = (params: PiParams, name: string): boolean => params.flag(name);
