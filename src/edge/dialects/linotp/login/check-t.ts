import type { Context } from 'koa';
import { failsWith, readLinotpRequest, sendLinotp } from '../../../formats/linotp/index.ts';
import { authServerOf } from '../caller.ts';
import type { LinotpParts } from '../parts.ts';
import { tokenForm } from '../token-form.ts';
import { parentOf } from '../transaction-ids.ts';

/**
 * `GET|POST /validate/check_t`: a typed answer to a challenge, which no push token takes: always false, with LinOTP's
 * detail.
 * @see docs/protocols/linotp.md 10.5
 */
export async function validateCheckTransaction(parts: LinotpParts, ctx: Context): Promise<void> {
  failsWith(ctx, { id: 0, value: false });
  const params = await readLinotpRequest(ctx);
  const { server } = await authServerOf(parts, ctx, 'check');
  const id = params.text('transactionid') ?? params.required('state');
  params.required('pass');
  const transaction = await parts.engine.challenges.findOwnForeign('linotp', server.name, parentOf(id));
  const [challenge] = transaction?.decision.challenges ?? [];
  const token = challenge && (await parts.engine.tokens.find(challenge.serial));
  const failcount = transaction?.decision.rule.quiet ? 0 : (token?.failCount ?? 0);
  const detail = challenge
    ? { value: false, failcount, token_type: tokenForm.type, serial: challenge.serial }
    : { value: false, failure: `No challenge for transaction '${id}' found` };
  sendLinotp(ctx, parts.product, { id: 1, value: { value: false, failcount }, detail });
}
