import type { Context } from 'koa';
import { explainPolicies, policyQuestion } from '../../formats/management/index.ts';
import { type OperatorParts, operatorOf, readJson } from './parts.ts';

/**
 * `POST /ops/policy/explain`: for each rule, whether it matched or why not; and the resulting delivery plan. Nothing is
 * sent.
 */
export async function explainPolicy(parts: OperatorParts, ctx: Context): Promise<void> {
  await operatorOf(parts, ctx);
  ctx.body = explainPolicies(parts.engine, await readJson(ctx, policyQuestion));
}
