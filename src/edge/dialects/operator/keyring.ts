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
 * `POST /ops/keyring/page` `{"kind", "after", "how"}`: looks at a page of the records of a kind, and counts what needs which key of the keyring; `open` also
 * tries to open each secret, and `reseal` seals by the current key what an older one sealed. `after` in the reply is where the next page begins. No secret is told.
 */
export async function lookAtKeyring(parts: OperatorParts, ctx: Context): Promise<void> {
  await operatorOf(parts, ctx);
  ctx.body = await parts.lookAtSealed(await readJson(ctx, ask));
}
