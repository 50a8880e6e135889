import type { Context } from 'koa';
import { z } from 'zod';
import { type OperatorParts, operatorOf, readJson } from './parts.ts';

const text = z.string().trim().max(256).optional();
const question = z.strictObject({
  user: text,
  realm: text,
  resolver: text,
  client: text,
  clientIs: z.enum(['known', 'new']).optional(),
  authServer: text,
  dialect: text,
  mount: text,
  flavour: text,
  tokenType: text,
  userAgent: text,
  recorded: text.describe('Provider recorded with the push token.'),
  at: z.iso.datetime({ offset: true }).optional().describe('Time of the login; by default now.'),
});

/**
 * `POST /ops/policy/explain`: for each rule, whether it matched or why not; and the resulting delivery plan. Nothing is
 * sent.
 */
export async function explainPolicy(parts: OperatorParts, ctx: Context): Promise<void> {
  await operatorOf(parts, ctx);
  const { recorded, at, ...known } = await readJson(ctx, question);
  const now = at === undefined ? parts.engine.clock() : Date.parse(at);
  const facts = { now, ...present(known), ignoreCase: parts.engine.realms.ignoresCase(known.realm ?? '') };
  ctx.body = parts.engine.explain(facts, recorded);
}

/** The object without undefined values. */
const present = <T extends Record<string, string | undefined>>(values: T) =>
  Object.fromEntries(Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined));
