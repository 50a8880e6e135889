import type { Context } from 'koa';
import { PiFault, piParams } from '../../../formats/privacyidea/index.ts';
import { queryFields } from '../../../http/index.ts';
import { authServerOf } from '../caller.ts';
import type { PrivacyideaParts } from '../parts.ts';
import type { LoginOutcome } from '../refusals.ts';
import { readRadiusAttributes } from './radius-attributes.ts';
import { checkLoginOf, type SendLogin } from './validate-check.ts';

/**
 * `POST /radius/authorize`, for the `authorize` section of FreeRADIUS's `rlm_rest`: 204 for a request that
 * `/radius/authenticate` can decide (it has a name and a readable password), 404 for any other, such as EAP. Does not
 * depend on the user.
 */
export async function radiusAuthorize(parts: PrivacyideaParts, ctx: Context): Promise<void> {
  const { user, password } = await readRadiusAttributes(ctx);
  await authServerOf(parts, ctx, 'check');
  ctx.set('cache-control', 'no-cache');
  ctx.status = user && password !== undefined ? 204 : 404;
  if (ctx.status === 404) ctx.body = '';
}

/**
 * `POST /radius/authenticate`, for the `authenticate` section: 204 accepts, 401 rejects, 200 with attributes
 * challenges. `State` is the transaction, which the next Access-Request sends back with the user's input. `?realm=` is
 * the default realm.
 */
export async function radiusAuthenticate(parts: PrivacyideaParts, ctx: Context): Promise<void> {
  const { user = '', password = '', state } = await readRadiusAttributes(ctx);
  const realm = queryFields(ctx).find(([name]) => name === 'realm')?.[1];
  const params = piParams(new Map(Object.entries({ user, pass: password, realm, state })));
  return checkLoginOf(parts, ctx, params, sendRadius);
}

const sendRadius: SendLogin = async (ctx, checking) => {
  const outcome = await decided(checking);
  ctx.set('cache-control', 'no-cache');
  if (outcome === 'refused' || !(outcome.value || typeof outcome.detail.transaction_id === 'string')) {
    ctx.status = 401;
    ctx.body = { 'reply:Reply-Message': literal('The login was refused.') };
  } else if (outcome.value) ctx.status = 204;
  else {
    ctx.status = 200;
    ctx.body = challenge(String(outcome.detail.transaction_id), String(outcome.detail.message));
  }
};

/** The reply does not distinguish unknown users, missing or revoked tokens, and wrong PINs. */
async function decided(checking: Parameters<SendLogin>[1]): Promise<LoginOutcome | 'refused'> {
  try {
    return (await checking).outcome;
  } catch (error) {
    if (error instanceof PiFault && ['unknown-user', 'not-found', 'revoked'].includes(error.kind)) return 'refused';
    throw error;
  }
}

const longestMessage = 253;

const challenge = (transaction: string, message: string) => ({
  'control:Response-Packet-Type': literal('Access-Challenge'),
  'reply:State': literal(transaction),
  'reply:Reply-Message': literal(cut(message)),
});

/** A literal value: FreeRADIUS would otherwise expand `%{…}`. */
const literal = (value: string) => ({ op: ':=', do_xlat: false, value: [value] });

/** Cuts a text to the length of a RADIUS attribute. */
function cut(text: string): string {
  const bytes = Buffer.from(text);
  return bytes.length <= longestMessage
    ? text
    : bytes
        .subarray(0, longestMessage)
        .toString('utf8')
        .replace(/\uFFFD+$/, '');
}
