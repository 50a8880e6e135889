import type { Transaction } from '../../../foundation/model/index.ts';
import type { RestCall } from './endpoint.ts';
import { dialect, type RestParts } from './parts.ts';
import { RestProblem } from './problems.ts';

/** The auth server's own challenge. Those of others look like unknown ones. */
export const ownChallenge = async ({ engine }: RestParts, { caller, param }: Pick<RestCall<unknown, unknown>, 'caller' | 'param'>) =>
  demandOwn(await engine.challenges.findOwn(dialect, caller.server.name, param('id')));

/** A challenge of this dialect; refused as not found without one. */
export function demandOwn(
  transaction: Transaction | undefined,
  otherwise = 'This auth server has no challenge with this id (any more).',
): Transaction {
  if (transaction?.dialect === dialect && transaction.kind === 'login') return transaction;
  throw new RestProblem('not-found', otherwise);
}
