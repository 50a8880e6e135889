import type { Engine, OutboxTarget, Sent } from '../../../engine/index.ts';
import type { Clock, LoginResult, Tell } from '../../../foundation/model/index.ts';
import type { Log } from '../../../foundation/telemetry/index.ts';
import { type AwaitedCallback, callbackMessage, callbackTargetName, type DecidedCallback, readCallback } from './callback-message.ts';
import { type CallbackStatus, stepAfter } from './callback-step.ts';
import type { Keycloak, Keycloaks } from './keycloaks.ts';

/** What a target of callbacks works with. */
export type CallbackTargetParts = {
  /** The engine, which is opened after its outbox. */
  engine: () => Pick<Engine, 'challenges' | 'outbox'>;
  clock: Clock;
  log: Log;
  tell: Tell;
};

/**
 * Tells a realm of a Keycloak the results of its requests. An awaited result is decided once: its approval is taken, and
 * a decided message put in its place. An approval is sent once only, a denial until it has arrived.
 * @see docs/protocols/keycloak-ciba.md 5 to 7
 */
const callbackTarget = (parts: CallbackTargetParts, keycloak: Keycloak): OutboxTarget => ({
  isPrompt: true,
  isOnce(payload) {
    const callback = readCallback(payload);
    return callback.kind === 'decided' && callback.status === 'SUCCEED';
  },
  async send({ payload, attempts }, signal) {
    const callback = readCallback(payload);
    return callback.kind === 'awaited' ? settle(parts, keycloak, callback) : report(parts, keycloak, callback, { attempts, signal });
  },
});

/** The targets of the outbox for all realms, by name. */
export const callbackTargets = ({ list }: Keycloaks, parts: CallbackTargetParts): Readonly<Record<string, OutboxTarget>> =>
  Object.fromEntries(list.map((keycloak) => [callbackTargetName(keycloak.config.name), callbackTarget(parts, keycloak)]));

async function settle({ engine, clock }: CallbackTargetParts, keycloak: Keycloak, awaited: AwaitedCallback): Promise<Sent> {
  const result = await resultOf({ engine, clock }, keycloak, awaited);
  if (result === 'nothing') return { kind: 'done' };
  if (typeof result === 'object') return { kind: 'later', afterMs: Math.max(0, result.at - clock()) };
  const { token, jti, acceptedAt, expiresAt, transaction } = awaited;
  const decided: DecidedCallback = { kind: 'decided', token, jti, acceptedAt, expiresAt, transaction, status: result };
  await engine().outbox.add([callbackMessage(keycloak.config.name, decided, clock())]);
  return { kind: 'done' };
}

/** What Keycloak is told of a transaction now; `at`: look again then. Takes an approval, so that the first answer is final. */
async function resultOf(
  { engine, clock }: Pick<CallbackTargetParts, 'engine' | 'clock'>,
  { config }: Keycloak,
  { transaction: id, asker }: AwaitedCallback,
): Promise<CallbackStatus | 'nothing' | { at: number }> {
  const { challenges } = engine();
  const transaction = await challenges.find(id);
  if (!transaction) return 'UNAUTHORIZED';
  const { state, answerUntil } = transaction.decision;
  if (state === 'open' && clock() < answerUntil) return { at: answerUntil };
  const status = challenges.statusOf(transaction);
  switch (status) {
    case 'accepted': {
      const finished = await challenges.finishApproval({ transaction, asker, showed: true });
      const isTaken = finished.kind === 'accepted' || (finished.kind === 'not-accepted' && finished.status === 'consumed');
      return isTaken ? 'SUCCEED' : 'UNAUTHORIZED';
    }
    // Nobody else takes it: a gateway that died after that did.
    case 'consumed':
      return 'SUCCEED';
    case 'declined':
    case 'cancelled':
      return 'CANCELLED';
    case 'locked':
    case 'withdrawn':
      return 'UNAUTHORIZED';
    case 'expired':
    case 'pending':
    case 'code-shown':
      return config.reportTimeouts ? 'UNAUTHORIZED' : 'nothing';
    default:
      return status satisfies never;
  }
}

const results: Record<CallbackStatus, LoginResult> = { SUCCEED: 'approved', CANCELLED: 'declined', UNAUTHORIZED: 'unauthenticated' };

async function report(
  { clock, log, tell }: CallbackTargetParts,
  keycloak: Keycloak,
  { token, status, acceptedAt, expiresAt, transaction }: DecidedCallback,
  { attempts, signal }: { attempts: number; signal: AbortSignal },
): Promise<Sent> {
  // Nobody was asked without a transaction: there is no login to speak of.
  const about = transaction === undefined ? undefined : { authServer: keycloak.config.name, transaction, result: results[status] };
  if (clock() >= expiresAt) {
    if (about) tell({ kind: 'result-undelivered', ...about, because: 'lost', reason: 'expired' });
    return { kind: 'done' };
  }
  const reply = await keycloak.sendCallback(token, status, signal);
  const now = clock();
  const step = stepAfter({ status, reply, age: now - acceptedAt, left: expiresAt - now, tries: attempts });
  if (step.kind === 'again') {
    log.info({ authServer: keycloak.config.name, transaction, reason: step.reason, attempts }, 'a callback to a Keycloak is tried again');
    return { kind: 'again', error: step.reason, afterMs: step.afterMs };
  }
  if (about && step.kind === 'delivered') tell({ kind: 'result-delivered', ...about });
  if (about && step.kind !== 'delivered') tell({ kind: 'result-undelivered', ...about, because: step.kind, reason: step.reason });
  return { kind: 'done' };
}
