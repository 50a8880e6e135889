import type { Context } from 'koa';
import type { ListFilter } from '../../../../engine/index.ts';
import { type PiParams, readPiRequest, sendPi } from '../../../formats/privacyidea/index.ts';
import { adminOf } from '../caller.ts';
import { askerFor, type PrivacyideaParts } from '../parts.ts';
import { demandEmpty } from '../subject.ts';
import { ownerNamed } from './owner-named.ts';
import { neighbours, pageOf } from './paging.ts';
import { rolloutStateOf, tokenObject } from './token-object.ts';
import { peopleOf } from './token-people.ts';

/** `GET /token/`: push tokens, in pages. @see docs/protocols/privacyidea.md 10 */
export async function tokenList(parts: PrivacyideaParts, ctx: Context): Promise<void> {
  const params = await readPiRequest(ctx, parts.product);
  const admin = await adminOf(parts, ctx, 'tokenlist');
  const filter = await filterOf(parts, ctx, params);
  const inRealms = parts.engine.admission.realmsOpenTo(askerFor(parts, ctx), admin, 'tokenlist');
  const page = pageOf(params);
  const sortBy = params.text('sortby') === 'username' ? ('user' as const) : ('serial' as const);
  const descending = params.text('sortdir')?.toLowerCase() === 'desc';
  const found = filter
    ? await parts.engine.people.listTokens({ ...filter, inRealms }, { offset: page.offset, limit: page.limit, sortBy, descending })
    : { count: 0, tokens: [] };
  const { flavour } = parts.product;
  const person = await peopleOf(parts, found.tokens);
  const tokens = found.tokens.map((token) => ({ ...tokenObject(token, flavour), ...person(token) }));
  const current = flavour === 'edumfa' ? page.number : undefined;
  const value = { count: found.count, current, ...neighbours(page, found.count), tokens };
  sendPi(ctx, parts.product, { id: 1, value });
}

/** Unsupported filters. They are refused, since an unfiltered list would show the wrong tokens. */
const notHere = {
  infokey: 'This gateway does not search in the info of tokens',
  userid: 'This gateway lists the tokens of a user by name',
  description: 'This gateway does not search in descriptions',
  type_list: 'This gateway lists one type of token at a time, by type',
};

/** The filter of a list request; undefined when nothing can match. */
async function filterOf(parts: PrivacyideaParts, ctx: Context, params: PiParams): Promise<ListFilter | undefined> {
  demandEmpty(params, parts.product.flavour === 'edumfa' ? notHere : { ...notHere, container_serial: 'There are no containers here' });
  const user = params.text('user') ? await ownerNamed(parts, ctx, params) : undefined;
  const rollout = params.text('rollout_state');
  const state = rollout ? rolloutStateOf(rollout) : undefined;
  if (rollout && !state) return undefined;
  const texts = {
    serial: params.text('serial'),
    type: params.text('type')?.toLowerCase(),
    tokenRealm: params.text('tokenrealm'),
    ...(user ? {} : { realm: params.text('realm'), resolver: params.text('resolver') }),
  };
  return {
    ...Object.fromEntries(Object.entries(texts).filter(([, text]) => text)),
    of: user,
    enabled: params.text('active') ? isYes(params, 'active') : undefined,
    assigned: params.text('assigned') ? isYes(params, 'assigned') : undefined,
    rollout: state,
  };
}

const isYes = (params: PiParams, name: string): boolean => params.flag(name);
