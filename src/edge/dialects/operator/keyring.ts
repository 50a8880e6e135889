import type { Context } from 'koa';
import { z } from 'zod';
import { keyedKinds } from '../../../store/sealed.ts';
import { type OperatorParts, operatorOf, readJson } from './parts.ts';

const ask = z.strictObject({
  kind: z.enum(keyedKinds),
  after: z.string().optional(),
  how: z.enum(['count', 'open', 'reseal']),
});

/**
 * `POST /ops/keyring/page` `{"kind", "after", "how"}`: counts which keys of the keyring a page of records of one kind
 * needs. `open` also tries to open each secret; `reseal` seals secrets of older keys with the current one. `after` in
 * the reply is where the next page begins. Shows no secret.
 */
export async function inspectKeyring(parts: OperatorParts, ctx: Context): Promise<void> {
  await operatorOf(parts, ctx);
  ctx.body = await parts.lookAtSealed(await readJson(ctx, ask));
}
