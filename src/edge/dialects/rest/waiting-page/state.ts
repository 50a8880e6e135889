import type { Transaction } from '../../../../foundation/model/index.ts';
import { restStatus } from '../challenge-reply.ts';
import type { RestParts } from '../parts.ts';

/** What the page shows: the state, the number to match, the time left, and where to go when it is over. */
export type PageState = {
  status: (typeof restStatus)[keyof typeof restStatus];
  number?: string | undefined;
  secondsLeft: number;
  returnTo?: string | undefined;
};

/** The state of a transaction for its page. */
export function pageState({ engine }: Pick<RestParts, 'engine'>, transaction: Transaction): PageState {
  const { decision } = transaction;
  const status = restStatus[engine.challenges.statusOf(transaction)];
  const isOpen = status === 'pending' || status === 'code_shown';
  return {
    status,
    number: status === 'pending' ? decision.challenges[0]?.rightOption : undefined,
    secondsLeft: isOpen ? Math.max(0, Math.ceil((decision.answerUntil - engine.clock()) / 1000)) : 0,
    returnTo: isOpen ? undefined : returnAddress({ engine }, transaction, status),
  };
}

/** The return URL with the caller's `state` and a code for its auth server, or with the reason why there is none. */
function returnAddress({ engine }: Pick<RestParts, 'engine'>, transaction: Transaction, status: PageState['status']): string | undefined {
  const { page } = transaction;
  if (!page) return undefined;
  const url = new URL(page.returnUrl);
  if (status === 'accepted') url.searchParams.set('code', engine.challenges.pageCode(transaction));
  else url.searchParams.set('error', status);
  if (page.state !== undefined) url.searchParams.set('state', page.state);
  return url.href;
}
