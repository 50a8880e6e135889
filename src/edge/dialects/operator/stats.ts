import type { Context } from 'koa';
import { iso, isoOr } from '../../formats/management/index.ts';
import { type OperatorParts, operatorOf } from './parts.ts';

const hourMs = 3_600_000;

/** The audit kinds that are counted for the last hour. */
const outcomes = {
  loginsStarted: 'login-started',
  loginsFinished: 'login-finished',
  loginsRefused: 'login-refused',
  phonesAnswered: 'challenge-answered',
  loginsReported: 'login-reported',
  phonesEnrolled: 'phone-enrolled',
} as const;

/**
 * `GET /ops/stats`: push tokens by type and state, open transactions, audit events of the last hour at all gateways,
 * and the providers of this gateway. Scans all push tokens.
 */
export async function showStats(parts: OperatorParts, ctx: Context): Promise<void> {
  await operatorOf(parts, ctx);
  const { tokens, challenges, audit, providers, clock } = parts.engine;
  const now = clock();
  const counted = Object.entries(outcomes).map(
    async ([name, kind]) => [name, await audit.count({ kinds: [kind], from: now - hourMs })] as const,
  );
  const [tally, open, ...lastHour] = await Promise.all([tokens.tally(), challenges.countOpen(), ...counted]);
  ctx.body = {
    at: iso(now),
    tokens: tally.map(({ rollout, ...each }) => ({ ...each, rolloutState: rollout })),
    openTransactions: open,
    lastHour: Object.fromEntries(lastHour),
    providers: providers.status().map(({ name, kind, circuit, inFlight, lastSuccess, lastError }) => ({
      name,
      kind,
      circuit,
      inFlight,
      lastSuccess: isoOr(lastSuccess),
      lastError: lastError && { reason: lastError.reason, at: iso(lastError.at) },
    })),
  };
}
