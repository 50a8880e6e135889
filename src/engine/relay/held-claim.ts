import { GatewayFault, type RelayProgress, type Transaction } from '../../foundation/model/index.ts';
import type { EngineParts } from '../parts.ts';

/** How long a claim holds that nobody renews: three renewals (ms). */
export const leaseMs = 3_000;
const renewMs = 1_000;

/**
 * Does the work of a gateway that has a claim: renews it every second meanwhile, and then tells all gateways what came of it. Undefined, and nothing done,
 * where the claim was over by the clock before the work began and another gateway has taken over. What cannot be stored is logged: the push is
 * out or it is not, whatever the store says.
 */
export async function holdingClaim<Progress extends RelayProgress>(
  { store, clock, background, log }: Pick<EngineParts, 'clock' | 'background' | 'log'> & { store: Pick<EngineParts['store'], 'decide'> },
  { id, decision: claimed }: Transaction,
  work: () => Promise<Progress>,
): Promise<Progress | undefined> {
  let decision = claimed;
  let isLost = false;
  const write = async (relay: RelayProgress): Promise<void> => {
    if (isLost) return;
    const next = { ...decision, relay, version: decision.version + 1 };
    try {
      if ((await store.decide(id, decision.version, next, [], 0)) === 'decided') decision = next;
      else isLost = true;
    } catch (error) {
      if (!(error instanceof GatewayFault)) throw error;
      log.warn({ transaction: id, reason: error.message }, 'how far a relayed challenge has come could not be stored');
    }
  };
  let last = Promise.resolve();
  // One after the other: each knows the version of the one before.
  const inTurn = (relay: () => RelayProgress): Promise<void> => {
    last = last.then(() => write(relay()));
    return last;
  };
  const renewed = (): RelayProgress => ({ kind: 'claimed', until: clock() + leaseMs });
  if (claimed.relay?.kind === 'claimed' && clock() >= claimed.relay.until) await inTurn(renewed);
  if (isLost) return undefined;
  const timer = setInterval(() => void background.run('renewal of a claim', () => inTurn(renewed)), renewMs).unref();
  const progress = await work().finally(() => clearInterval(timer));
  await inTurn(() => progress);
  return progress;
}
