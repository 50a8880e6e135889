import { type Decision, GatewayFault, type RelayProgress, type TrailEntry, type Transaction } from '../../foundation/model/index.ts';
import type { EngineParts } from '../parts.ts';

/** How long a claim lasts without a renewal: three renewal intervals (ms). */
export const leaseMs = 3_000;
const renewMs = 1_000;

/** The result of the work under a claim, and its delivery trail. */
export type Outcome<Progress> = { progress: Progress; trail: readonly TrailEntry[] };

/**
 * Does work under a claim. Renews the claim every second, then stores the result with its trail in one write for all
 * gateways. Before each push the work must ask `isHeld`, because a gateway that stood still may have been replaced.
 * Returns undefined without doing anything if the claim had expired and another gateway has taken over. A result that
 * cannot be stored is logged and returned all the same, since the push may be sent.
 */
export async function withClaim<Progress extends RelayProgress>(
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
      log.warn({ transaction: id, reason: error.message }, 'the progress of a relayed challenge could not be stored');
      return false;
    }
  };
  let last = Promise.resolve(true);
  // One write after the other, because each needs the version of the one before.
  const writeNext = (relay: () => RelayProgress, trail: readonly TrailEntry[] = []): Promise<boolean> => {
    last = last.then(() => write(relay(), trail));
    return last;
  };
  const renewed = (): RelayProgress => ({ kind: 'claimed', until: clock() + leaseMs });
  if (clock() >= untilOf(claimed)) await writeNext(renewed);
  if (isLost) return undefined;
  const timer = setInterval(() => void background.run('renewal of a claim', async () => void (await writeNext(renewed))), renewMs).unref();
  const isHeld = (): boolean => !isLost && clock() < untilOf(decision);
  const { progress, trail } = await work(isHeld).finally(() => clearInterval(timer));
  // Keeps the trail even if another gateway has taken over the claim.
  if (!(await writeNext(() => progress, trail))) background.run('delivery trail', () => store.appendTrail(id, trail));
  return progress;
}

type ClaimParts = Pick<EngineParts, 'clock' | 'background' | 'log'> & { store: Pick<EngineParts['store'], 'decide' | 'appendTrail'> };

const untilOf = ({ relay }: Decision): number => (relay?.kind === 'claimed' ? relay.until : 0);
