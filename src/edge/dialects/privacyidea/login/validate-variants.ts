import type { Context } from 'koa';
import { asPiFault, PiFault, readPiRequest, sendPi } from '../../../formats/privacyidea/index.ts';
import type { PrivacyideaParts } from '../parts.ts';
import { userAttributes } from './user-detail.ts';
import { checkLogin, type SendLogin } from './validate-check.ts';

/**
 * `POST|GET /validate/radiuscheck`: `/validate/check` for clients that read only the status: 204 for an accepted login,
 * 400 for anything else, including a challenge or a refused request; both without a body. Faults and overload have
 * their usual status.
 * @see docs/protocols/privacyidea.md 6.2
 */
export const validateRadiusCheck = (parts: PrivacyideaParts, ctx: Context): Promise<void> => checkLogin(parts, ctx, sendStatus);

const sendStatus: SendLogin = async (ctx, checking) => {
  const isAccepted = await accepted(checking);
  ctx.set('cache-control', 'no-cache');
  if (isAccepted) {
    ctx.status = 204;
    return;
  }
  ctx.status = 400;
  ctx.type = 'text/plain';
  ctx.body = '';
};

async function accepted(checking: Parameters<SendLogin>[1]): Promise<boolean> {
  try {
    return (await checking).outcome.value;
  } catch (error) {
    const fault = asPiFault(error);
    if (!fault || fault.kind === 'turned-away' || fault.kind === 'overloaded') throw error;
    return false;
  }
}

/**
 * `POST|GET /validate/samlcheck`: `/validate/check` with the user's attributes, only in a success.
 * @see docs/protocols/privacyidea.md 6.3
 */
export const validateSamlCheck = (parts: PrivacyideaParts, ctx: Context): Promise<void> =>
  checkLogin(parts, ctx, async (told, checking) => {
    const { outcome, subject } = await checking;
    const auth = outcome.value;
    const attributes = auth ? await userAttributes(parts, subject) : {};
    sendPi(told, parts.product, {
      id: 2,
      value: { auth, attributes },
      accepted: auth,
      detail: outcome.detail,
      isBare: outcome.isBare ?? false,
    });
  });

/**
 * `POST|GET /validate/initialize`: begins a login with a passkey; always refused here.
 * @see docs/protocols/privacyidea.md 6.6
 */
export async function validateInitialize(parts: PrivacyideaParts, ctx: Context): Promise<void> {
  const type = (await readPiRequest(ctx, parts.product)).required('type');
  throw new PiFault('parameter', `Unsupported token type '${type}' for authentication initialization!`);
}
