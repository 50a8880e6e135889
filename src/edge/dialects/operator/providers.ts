import type { Context } from 'koa';
import { z } from 'zod';
import { ownerNames } from '../../../engine/index.ts';
import * as management from '../../formats/management/index.ts';
import { OperatorFault } from './errors.ts';
import { actingOperator, askerFor, type OperatorParts, operatorOf, readJson } from './parts.ts';

const testText = { title: 'Test', question: 'This is a test push of your operator. You may decline it.' };
const testRule = { declineSettles: true, consume: 'once' as const, graceMs: 0 };

/** `GET /ops/providers`: the state of every provider. */
export async function listProviders(parts: OperatorParts, ctx: Context): Promise<void> {
  await operatorOf(parts, ctx);
  ctx.body = { providers: management.providerFacts(parts.engine) };
}

/** `POST /ops/providers/:name/check`: checks the credentials of a provider without a push. */
export async function checkProvider(parts: OperatorParts, ctx: Context): Promise<void> {
  await operatorOf(parts, ctx);
  const result = await management.checkProvider(parts.engine, String(ctx.params.name));
  if (!result) throw unknownProvider(ctx);
  ctx.body = result;
}

/** `POST /ops/providers/:name/reset`: reopens a provider and closes its breaker, without a push. */
export async function resetProvider(parts: OperatorParts, ctx: Context): Promise<void> {
  const by = await actingOperator(parts, ctx);
  const name = String(ctx.params.name);
  const result = await parts.engine.providers.reset(name);
  if (!result) throw unknownProvider(ctx);
  if (result.ok) parts.tell({ kind: 'provider-reset', provider: name, by });
  ctx.body = result;
}

const unknownProvider = (ctx: Context): OperatorFault => new OperatorFault('not-found', `There is no provider ${String(ctx.params.name)}.`);

const testBody = z.strictObject({ serial: z.string().min(1).max(64) });

/**
 * `POST /ops/providers/:name/test` `{"serial"}`: sends a real challenge through this provider only; its answer logs
 * nobody in.
 */
export async function testProvider(parts: OperatorParts, ctx: Context): Promise<void> {
  const { engine } = parts;
  await operatorOf(parts, ctx);
  const { serial } = await readJson(ctx, testBody);
  const name = String(ctx.params.name);
  if (!engine.providers.status().some((provider) => provider.name === name)) throw unknownProvider(ctx);
  const token = await engine.tokens.find(serial);
  if (token?.rollout !== 'enrolled') throw new OperatorFault('not-found', `There is no push token ${serial} with a phone.`);
  const asker = askerFor(parts, ctx);
  const asked = { asker, ...ownerNames(token), tokens: [token], prompt: testText, rule: testRule, isTest: true };
  const issued = await engine.challenges.issue(asked);
  if (!issued.ok)
    throw new OperatorFault('conflict', `The phone of ${serial} already has the maximum of waiting logins; try again in 30 seconds.`);
  const { transaction } = issued.value;
  const [delivered] = await engine.challenges.deliver({ transaction, tokens: [token], asker, via: [name] });
  ctx.body = { transactionId: transaction.id, sent: delivered?.sent ?? false, attempts: delivered?.attempts ?? [] };
}
