import { setImmediate as afterReply } from 'node:timers/promises';
import type { Challenge, PushToken, Transaction } from '../../foundation/model/index.ts';
import { makeRoom } from '../admission/open-challenges.ts';
import { quietPrompt } from '../admission/prompts.ts';
import { applyEvent } from '../decisions/apply.ts';
import { addTransaction } from '../decisions/publications.ts';
import type { EngineParts } from '../parts.ts';
import { failuresOf, typistOf } from '../pins/pins-per-source.ts';
import { gatherInBucket } from '../tokens/token-owner.ts';
import { type Delivered, deliver } from './deliver.ts';
import { beginActivation, noFreeId, phoneReach, reportStarted, seal, transactionFor, unsealedChallenge } from './issue.ts';
import type { Issued, IssueRequest } from './issue-request.ts';

/**
 * A login whose counter of wrong PINs is quiet. `right`: the push tokens with this PIN. The reply names all tokens, but
 * only these are prompted.
 */
export type QuietRequest = IssueRequest & { right: readonly PushToken[] };

/** As for any login, with the deliveries that the reply may report. */
export type QuietlyIssued = Issued & { delivered: Delivered[] };

const maxAttempts = 3;

/** {@link Challenges.issueQuietly}. */
export async function issueQuietly(parts: EngineParts, request: QuietRequest): Promise<QuietlyIssued> {
  const { asker, tokens } = request;
  const failures = await failuresOf(parts, typistOf(parts, request, tokens));
  const transaction = await storeUnsealed(parts, request, failures);
  void parts.background.run('quiet login', () => askRight(parts, request, transaction));
  const delivered = tokens.map((token): Delivered => {
    const { mayPoll } = phoneReach(parts, asker, token);
    return { serial: token.serial, sent: !mayPoll, pollable: mayPoll, attempts: [] };
  });
  return { transaction, tokens: [...tokens], delivered };
}

/** Stores a login whose challenges are not sealed yet. */
async function storeUnsealed(parts: EngineParts, request: QuietRequest, failures: string): Promise<Transaction> {
  for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
    const name = request.naming?.();
    const challenges = request.tokens.map((token, index) => unsealedChallenge(parts, request, token, name?.handles[index]));
    const rule = { ...request.rule, quiet: true };
    const transaction = { ...transactionFor(parts, { ...request, rule }, { name, challenges }), failures };
    if ((await addTransaction(parts, transaction)) === 'added') return transaction;
  }
  throw noFreeId();
}

/** Prompts the phones with the right PIN after the reply, so that its time does not reveal whether there are any. */
async function askRight(parts: EngineParts, request: QuietRequest, transaction: Transaction): Promise<void> {
  const { asker, right } = request;
  if (right.length === 0) return;
  await afterReply();
  // The transaction is in the bucket of the first of all tokens.
  await gatherInBucket(parts, [...request.tokens.slice(0, 1), ...right]);
  if (request.kind === 'activation') await beginActivation(parts, right);
  const asked = await Promise.all(right.map((token) => askOne(parts, request, token, transaction)));
  const challenges = asked.filter((challenge) => challenge !== undefined);
  const { reply, transaction: now } = await applyEvent(parts, transaction, { kind: 'asked', challenges });
  if (reply !== 'taken') return;
  const tokens = right.filter(({ serial }) => challenges.some((challenge) => challenge.serial === serial));
  const admitted = await makeRoom(parts, { transaction: now, tokens, asker });
  if ('kind' in admitted) return;
  reportStarted(parts, asker, admitted);
  await deliver(parts, { ...admitted, asker });
}

/** The challenge of one phone; undefined if it may not ring now and cannot poll. */
async function askOne(
  parts: EngineParts,
  request: QuietRequest,
  token: PushToken,
  { decision }: Transaction,
): Promise<Challenge | undefined> {
  const unsealed = decision.challenges.find(({ serial }) => serial === token.serial);
  const prompt = await quietPrompt(parts, { applicant: request, token, ...phoneReach(parts, request.asker, token) });
  if (!unsealed || prompt.kind === 'limited') return undefined;
  const { kind: _asked, ...how } = prompt;
  return { ...(await seal(parts, request, token, unsealed)), ...how };
}
