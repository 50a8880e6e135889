import type { Context } from 'koa';
import { asPiFault, PiFault, readPiRequest, sendPi } from '../../../formats/privacyidea/index.ts';
import type { PrivacyideaParts } from '../parts.ts';
import { userAttributes } from './user-detail.ts';
import { checkLogin, type TellLogin } from './validate-check.ts';

/**
 * `POST|GET /validate/radiuscheck`: `/validate/check` for who reads the status alone: 204 for a login that is accepted, 400 for all else, a
 * challenge and a refused request included; both without a body. A gateway that cannot answer, or not now, says so as everywhere.
 * @see docs/protocols/privacyidea.md 6.2
 */
export const validateRadiusCheck = (parts: PrivacyideaParts, ctx: Context): Promise<void> => checkLogin(parts, ctx, tellStatus);

const tellStatus: TellLogin = async (ctx, checking) => {
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

async function accepted(checking: Parameters<TellLogin>[1]): Promise<boolean> {
  try {
    return (await checking).outcome.value;
  } catch (error) {
    const fault = asPiFault(error);
    if (!fault || fault.kind === 'turned-away' || fault.kind === 'overloaded') throw error;
    return false;
  }
}

/**
 * `POST|GET /validate/samlcheck`: `/validate/check` with a value that says who logged in. Its attributes are told after a yes only.
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
 * `POST|GET /validate/initialize`: begins a login with a passkey, which no push token is.
 * @see docs/protocols/privacyidea.md 6.6
 */
export async function validateInitialize(parts: PrivacyideaParts, ctx: Context): Promise<void> {
  const type = (await readPiRequest(ctx, parts.product)).required('type');
  throw new PiFault('parameter', `Unsupported token type '${type}' for authentication initialization!`);
}
