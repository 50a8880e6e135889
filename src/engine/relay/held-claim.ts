import { type Decision, GatewayFault, type RelayProgress, type TrailEntry, type Transaction } from '../../foundation/model/index.ts';
import type { EngineParts } from '../parts.ts';

/** How long a claim holds that nobody renews: three renewals (ms). */
export const leaseMs = 3_000;
const renewMs = 1_000;

/** What came of the work of a gateway that has a claim, and the steps that led there. */
export type Outcome<Progress> = { progress: Progress; trail: readonly TrailEntry[] };

/**
 * Does the work of a gateway that has a claim: renews it every second meanwhile, and then tells all gateways what came of it, with its trail in one write. The work is to ask before
 * each push whether the claim is still held by the clock: a gateway that stood still may have been replaced. Undefined, and nothing done,
 * where the claim was over by the clock before the work began and another gateway has taken over. What cannot be stored is logged: the push is
 * out or it is not, whatever the store says.
 */
export async function holdingClaim<Progress extends RelayProgress>(
  { store, clock, background, log }: ClaimParts,
  { id, decision: claimed }: Transaction,
  work: (isHeld: () => boolean) => Promise<Outcome<Progress>>,
): Promise<Progress | undefined> {
  let decision = claimed;
  let isLost = false;
  const write = async (relay: RelayProgress, trail: readonly TrailEntry[]): Promise<boolean> => {
    if (isLost) return false;
    const next = { ...decision, relay, version: decision.version + 1 };
    try {
      isLost = (await store.decide(id, decision.version, next, [], 0, trail)) === 'conflict';
      if (!isLost) decision = next;
      return !isLost;
    } catch (error) {
      if (!(error instanceof GatewayFault)) throw error;
      log.warn({ transaction: id, reason: error.message }, 'how far a relayed challenge has come could not be stored');
      return false;
    }
  };
  let last = Promise.resolve(true);
  // One after the other: each knows the version of the one before.
  const inTurn = (relay: () => RelayProgress, trail: readonly TrailEntry[] = []): Promise<boolean> => {
    last = last.then(() => write(relay(), trail));
    return last;
  };
  const renewed = (): RelayProgress => ({ kind: 'claimed', until: clock() + leaseMs });
  if (clock() >= untilOf(claimed)) await inTurn(renewed);
  if (isLost) return undefined;
  const timer = setInterval(() => void background.run('renewal of a claim', async () => void (await inTurn(renewed))), renewMs).unref();
  const isHeld = (): boolean => !isLost && clock() < untilOf(decision);
  const { progress, trail } = await work(isHeld).finally(() => clearInterval(timer));
  // What was done is told, too, where another gateway has the claim by now.
  if (!(await inTurn(() => progress, trail))) background.run('delivery trail', () => store.appendTrail(id, trail));
  return progress;
}

type ClaimParts = Pick<EngineParts, 'clock' | 'background' | 'log'> & { store: Pick<EngineParts['store'], 'decide' | 'appendTrail'> };

const untilOf = ({ relay }: Decision): number => (relay?.kind === 'claimed' ? relay.until : 0);
