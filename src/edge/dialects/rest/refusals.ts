import type { ApprovalFinished, ApprovalRefusal } from '../../../engine/index.ts';
import type { Transaction } from '../../../foundation/model/index.ts';
import { restStatus } from './challenge-reply.ts';
import { RestProblem } from './problems.ts';

/** Refusals of admission in the words of this dialect. */
export function refusalOf(refusal: ApprovalRefusal): RestProblem {
  switch (refusal.kind) {
    case 'denied':
      return new RestProblem('not-allowed', 'Policies do not allow this user to log in here.');
    case 'no-credential':
      return new RestProblem('not-authenticated', 'Policies ask for a credential of this auth server.');
    case 'too-often':
      return new RestProblem(
        'too-often',
        `Policies allow only ${refusal.most} ${refusal.what} logins in ${refusal.windowMs / 1000} seconds.`,
      );
    case 'limited':
      return new RestProblem('too-often', 'As many challenges wait for this phone as policies allow.', {
        retryAfterSeconds: Math.max(1, Math.ceil(refusal.retryMs / 1000)),
      });
    case 'not-asked': {
      // A barred user looks like an unknown one to the outside.
      const reason = refusal.reason === 'barred-user' ? 'unknown-user' : refusal.reason;
      return new RestProblem('cannot-be-asked', 'No phone of this user can be asked; see reason.', { reason });
    }
    default:
      return refusal satisfies never;
  }
}

/** An accept is not taken when its push token was disabled, deleted or given to another phone since. */
const notAccepted = (state: string): string =>
  state === 'accepted' ? 'The push token that accepted may not be used any more.' : `The challenge is ${state}.`;

/** Why a challenge was not consumed. */
export function notConsumed({ id }: Transaction, finished: Exclude<ApprovalFinished, { kind: 'accepted' }>): RestProblem {
  switch (finished.kind) {
    case 'wrong-binding':
      return new RestProblem('wrong-binding', 'Send the binding that the challenge was created with, or none if it has none.', { id });
    case 'wrong-code':
      return new RestProblem('wrong-code', 'The code is not that of the phone.', { id });
    case 'refused':
      return refusalOf(finished.refusal);
    case 'not-accepted': {
      const state = restStatus[finished.status];
      return state === 'consumed'
        ? new RestProblem('already-consumed', 'The challenge was consumed before. Only the first call is told of the approval.', {
            id,
            state,
          })
        : new RestProblem('not-accepted', notAccepted(state), { id, state });
    }
    default:
      return finished satisfies never;
  }
}
