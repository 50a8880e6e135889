import { thrownFields } from '../../foundation/telemetry/index.ts';
import type { EngineParts } from '../parts.ts';
import { sweepEffects } from './effects.ts';

/**
 * Periodic house-keeping: effects and notes left by a crash, expired audit content, and transactions that nobody will
 * ask for again.
 */
export type Sweeper = { stop(): Promise<void> };

const everyMs = 5_000;
const keptMs = 60 * 60_000;
const batch = 500;
const expireEveryMs = 60 * 60_000;

/** Sweeps at once and then every five seconds, one round at a time; a failed round is logged and tried again. */
export function startSweeper(parts: EngineParts): Sweeper {
  let round: Promise<void> | undefined;
  let expiresAt = 0;
  const sweep = async (): Promise<void> => {
    await sweepEffects(parts);
    await parts.audit.sweep();
    if (parts.clock() >= expiresAt) {
      await parts.audit.expire(parts.settings.auditKeep);
      expiresAt = parts.clock() + expireEveryMs;
    }
    // A busy gateway may leave more than one batch per round.
    while ((await parts.store.sweep(parts.clock() - keptMs, batch)) === batch);
  };
  const next = (): void => {
    round ??= sweep()
      .catch((error: unknown) => parts.log.error(thrownFields(error), 'sweeping failed; it will be tried again'))
      .then(() => {
        round = undefined;
      });
  };
  next();
  const timer = setInterval(next, everyMs);
  return {
    async stop() {
      clearInterval(timer);
      await round;
    },
  };
}
