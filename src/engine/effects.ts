import type { Decision, Effect, Transaction } from '../foundation/model/index.ts';
import type { EngineParts } from './parts.ts';

/** How long the deciding gateway has for its own effects before the sweep of any gateway takes them over. */
export const effectLeaseMs = 10_000;
const sweepBatch = 100;

/** What a decision causes elsewhere. The ids name the decision, so that carrying one out twice does nothing the second time. */
export function effectsOf(before: Transaction, next: Decision, now: number): Effect[] {
  const finished = next.state === 'consumed' || (next.state === 'accepted' && next.rule.consume === 'never');
  if (!finished || before.decision.state === next.state) return [];
  const accepted = next.challenges.filter(({ state }) => state === 'accepted');
  return accepted.map(({ serial }) => ({ id: `${before.id}:${next.version}:${serial}`, kind: 'login-succeeded', serial, at: now }));
}

/** Carries effects out and takes them off the transaction. */
export async function carryOut({ store }: EngineParts, transactionId: string, effects: readonly Effect[]): Promise<void> {
  for (const effect of effects) {
    switch (effect.kind) {
      case 'login-succeeded':
        await store.countLogin(effect.serial, effect.at, effect.id);
        break;
      default:
        effect.kind satisfies never;
    }
  }
  await store.removeEffects(
    transactionId,
    effects.map(({ id }) => id),
  );
}

/** Carries out what a crash left behind; returns how many transactions had something left. */
export async function sweepEffects(parts: EngineParts): Promise<number> {
  const now = parts.clock();
  const due = await parts.store.claimDueEffects(now, now + effectLeaseMs, sweepBatch);
  await Promise.all(due.map(({ transactionId, effects }) => carryOut(parts, transactionId, effects)));
  return due.length;
}
