import type { Context } from 'koa';
import type { PushTokenFilter } from '../../../store/store.ts';
import { PiFault, type PiParams, readPiRequest, sendPi } from '../../formats/privacyidea/index.ts';
import { adminOf } from './caller.ts';
import { neighbours, pageOf } from './paging.ts';
import type { PrivacyideaParts } from './parts.ts';
import { userOf } from './subject.ts';
import { rolloutStateOf, tokenObject } from './token-object.ts';

/**
 * `GET /token/`: push tokens, page by page.
 * @see docs/protocols/privacyidea.md 10
 */
export async function tokenList(parts: PrivacyideaParts, ctx: Context): Promise<void> {
  const params = await readPiRequest(ctx, parts.product);
  await adminOf(parts, ctx, 'tokenlist');
  if (params.text('infokey')) throw new PiFault('parameter', 'This gateway does not search in the info of tokens; leave infokey out.');
  const filter = filterOf(parts, params);
  const page = pageOf(params);
  const sortBy = params.text('sortby') === 'username' ? ('user' as const) : ('serial' as const);
  const descending = params.text('sortdir')?.toLowerCase() === 'desc';
  const found = filter
    ? await parts.engine.listTokens(filter, { offset: page.offset, limit: page.limit, sortBy, descending })
    : { count: 0, tokens: [] };
  const value = { count: found.count, ...neighbours(page, found.count), tokens: found.tokens.map(tokenObject) };
  sendPi(ctx, parts.product, { id: 1, value });
}

/** What the list is asked to show; undefined when nothing can match. */
function filterOf(parts: PrivacyideaParts, params: PiParams): PushTokenFilter | undefined {
  const user = params.text('user')
    ? userOf(parts, params, undefined, () => 'The user can not be found in any resolver in this realm!')
    : undefined;
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
