import type { DeliveryOutcome } from '../../src/delivery/provider-kit/index.ts';

/** One try of one URL within `limitMs`. */
export type UrlAttempt = (url: string, limitMs: number) => Promise<DeliveryOutcome>;

/** Goes through several URLs; each is tried once in a pass, and what is left of the budget (ms) is shared by those that are left. */
export type FailOver = { run(attempt: UrlAttempt, budgetMs: number, signal: AbortSignal): Promise<DeliveryOutcome> };

const firstBlockMs = 5_000;
const longestBlockMs = 60_000;

/**
 * Opens the fail-over over URLs in their order. One that was unavailable is passed over for a while, doubling to a minute; with all of
 * them blocked the one that failed longest ago is tried all the same, so that a login never fails for what we believe.
 */
export function openFailOver(urls: readonly string[], clock: () => number): FailOver {
  const states = new Map(urls.map((url) => [url, { failures: 0, failedAt: 0, blockedUntil: 0 }]));
  const stateOf = (url: string) => states.get(url) ?? { failures: 0, failedAt: 0, blockedUntil: 0 };
  const inOrder = (): string[] => {
    const now = clock();
    const free = urls.filter((url) => stateOf(url).blockedUntil <= now);
    if (free.length > 0) return free;
    return [...urls].sort((a, b) => stateOf(a).failedAt - stateOf(b).failedAt).slice(0, 1);
  };
  const learn = (url: string, { kind }: DeliveryOutcome): void => {
    const { failures } = stateOf(url);
    const now = clock();
    const block = Math.min(longestBlockMs, firstBlockMs * 2 ** failures);
    states.set(
      url,
      kind === 'unavailable'
        ? { failures: failures + 1, failedAt: now, blockedUntil: now + block }
        : { failures: 0, failedAt: 0, blockedUntil: 0 },
    );
  };
  return {
    async run(attempt, budgetMs, signal) {
      const end = performance.now() + budgetMs;
      let outcome: DeliveryOutcome = { kind: 'unavailable', reason: 'connection', detail: 'no URL was tried' };
      const order = inOrder();
      for (const [index, url] of order.entries()) {
        outcome = await attempt(url, (end - performance.now()) / (order.length - index));
        // A login that was given up says nothing about the URL it was waiting for.
        if (signal.aborted && outcome.kind === 'unavailable' && outcome.reason === 'aborted') return outcome;
        learn(url, outcome);
        if (outcome.kind !== 'unavailable' || signal.aborted) return outcome;
      }
      return outcome;
    },
  };
}
