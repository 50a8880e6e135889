import type { Background, Engine } from '../../../engine/index.ts';
import type { Keyring } from '../../../foundation/keyring/index.ts';
import type { Clock, LoginResult, OutboxMessage, Tell } from '../../../foundation/model/index.ts';
import { type Log, thrownFields } from '../../../foundation/telemetry/index.ts';
import type { Store } from '../../../store/store.ts';
import { type Callback, callbackTarget, openCallback } from './callback-message.ts';
import { type CallbackStatus, type CallbackStep, stepAfter } from './callback-step.ts';
import type { Keycloak } from './keycloaks.ts';

const everyMs = 1000;
/** Longer than a callback may take, so that two gateways never send the same one. */
const leaseMs = 60_000;
const mostAtOnce = 32;
/** The mark of a message whose approval policies refused at the end, so that no later try approves it. */
const refusedMark = 'refused';

/** What sends callbacks. `onDue` registers what to call when one is due. */
export type CallbackParts = {
  keycloaks: readonly Keycloak[];
  engine: Pick<Engine, 'challenges'>;
  store: Pick<Store, 'claimMessages' | 'changeMessage' | 'removeMessage'>;
  keyring: Keyring;
  clock: Clock;
  log: Log;
  tell: Tell;
  background: Background;
  onDue: (listener: () => void) => void;
};

/** The sending of callbacks. `stop` begins no more of them; those under way are background work. */
export type Callbacks = { stop(): Promise<void> };

/**
 * Sends due callbacks, of any gateway on this store: when one becomes due here, else within a second. A failure of the
 * store is logged, and the callback tried again after its lease.
 */
export function startCallbacks(parts: CallbackParts): Callbacks {
  const { keycloaks, store, clock, background } = parts;
  let underWay = 0;
  let isStopped = false;
  const begin = (keycloak: Keycloak, message: OutboxMessage): void => {
    underWay += 1;
    background.run('callback to a Keycloak', () => send(parts, keycloak, message).finally(() => (underWay -= 1)));
  };
  const claim = async (keycloak: Keycloak): Promise<void> => {
    const limit = mostAtOnce - underWay;
    if (limit <= 0 || isStopped) return;
    const now = clock();
    const due = await store.claimMessages(callbackTarget(keycloak.config.name), { now, leaseUntil: now + leaseMs, limit });
    for (const message of due) begin(keycloak, message);
  };
  const rounds = openRounds(parts, async () => {
    for (const keycloak of keycloaks) await claim(keycloak);
  });
  const timer = keycloaks.length > 0 ? setInterval(() => rounds.next(), everyMs) : undefined;
  parts.onDue(() => rounds.next());
  return {
    async stop() {
      isStopped = true;
      clearInterval(timer);
      await rounds.ended();
    },
  };
}

/** Runs one round at a time; a call during a round makes one more after it. Logs the first of several failures. */
function openRounds({ background, log }: CallbackParts, round: () => Promise<void>): { next(): void; ended(): Promise<void> } {
  let running: Promise<void> | undefined;
  let isWanted = false;
  let hasFailed = false;
  const run = async (): Promise<void> => {
    while (isWanted) {
      isWanted = false;
      try {
        await round();
        hasFailed = false;
      } catch (error) {
        log[hasFailed ? 'debug' : 'error'](thrownFields(error), 'due callbacks could not be read; they are tried again');
        hasFailed = true;
      }
    }
    running = undefined;
  };
  return {
    next() {
      isWanted = true;
      running ??= background.run('due callbacks', run);
    },
    ended: async () => running,
  };
}

/** What is due now: a status, nothing at all, or to look again at a moment. */
type Due = CallbackStatus | 'nothing' | { at: number };

async function send(parts: CallbackParts, keycloak: Keycloak, message: OutboxMessage): Promise<void> {
  const { store, clock, keyring } = parts;
  const { id, attempts } = message;
  const callback = openCallback(keyring, message);
  const end = async (status: CallbackStatus, step: Exclude<CallbackStep, { kind: 'again' }>): Promise<void> => {
    if (await store.removeMessage(id, attempts)) tellEnd(parts, keycloak, callback, { status, step });
  };
  // Only an approval is begun, and its gateway has ended since.
  if (message.state === 'begun') return end('SUCCEED', { kind: 'unknown', reason: 'interrupted' });
  const due = await dueNow(parts, keycloak, message, callback);
  if (typeof due === 'object') return void (await store.changeMessage(id, attempts, { dueAt: due.at }));
  if (due === 'nothing') return void (await store.removeMessage(id, attempts));
  if (clock() >= callback.expiresAt) return end(due, { kind: 'lost', reason: 'expired' });
  if (due === 'SUCCEED' && !(await store.changeMessage(id, attempts, { state: 'begun' }))) return;
  const reply = await keycloak.sendCallback(callback.token, due);
  const now = clock();
  const step = stepAfter({
    status: due,
    reply,
    age: now - callback.acceptedAt,
    left: callback.expiresAt - now,
    tries: attempts,
  });
  if (step.kind !== 'again') return end(due, step);
  const lastError = message.lastError === refusedMark ? refusedMark : step.reason;
  await store.changeMessage(id, attempts, { state: 'waiting', dueAt: now + step.afterMs, lastError });
}

/** Decides what is due, and takes the approval for it, so that the first answer is final. */
async function dueNow(
  { engine: { challenges }, clock, store }: CallbackParts,
  { config }: Keycloak,
  { id, attempts, lastError }: OutboxMessage,
  { transaction: transactionId, asker }: Callback,
): Promise<Due> {
  if (transactionId === undefined || lastError === refusedMark) return 'UNAUTHORIZED';
  const transaction = await challenges.find(transactionId);
  if (!transaction) return 'UNAUTHORIZED';
  const { state, answerUntil } = transaction.decision;
  if (state === 'open' && clock() < answerUntil) return { at: answerUntil };
  const status = challenges.statusOf(transaction);
  switch (status) {
    case 'accepted': {
      const finished = await challenges.finishApproval({ transaction, asker, showed: true });
      if (finished.kind === 'accepted' || (finished.kind === 'not-accepted' && finished.status === 'consumed')) return 'SUCCEED';
      await store.changeMessage(id, attempts, { lastError: refusedMark });
      return 'UNAUTHORIZED';
    }
    // Nobody else takes it: an earlier try did.
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

function tellEnd(
  { tell }: CallbackParts,
  { config }: Keycloak,
  { transaction }: Callback,
  { status, step }: { status: CallbackStatus; step: Exclude<CallbackStep, { kind: 'again' }> },
): void {
  // Nobody was asked: there is no login to speak of.
  if (transaction === undefined) return;
  const about = { authServer: config.name, transaction, result: results[status] };
  if (step.kind === 'delivered') tell({ kind: 'result-delivered', ...about });
  else tell({ kind: 'result-undelivered', ...about, because: step.kind, reason: step.reason });
}
