import type { Context } from 'koa';
import { sendLinotp } from '../../../formats/linotp/index.ts';
import type { LinotpParts } from '../parts.ts';

const always =
  (value: boolean) =>
  async ({ product }: LinotpParts, ctx: Context): Promise<void> =>
    sendLinotp(ctx, product, { id: 0, value });

/** `GET|POST /validate/ok`: always true. @see docs/protocols/linotp.md 10.7 */
export const validateOk = always(true);

/** `GET|POST /validate/fail`: always false. @see docs/protocols/linotp.md 10.7 */
export const validateFail = always(false);
