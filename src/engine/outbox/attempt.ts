import { randomInt } from 'node:crypto';
import { type Keyring, sealedFor } from '../../foundation/keyring/index.ts';
import { type Clock, GatewayFault, type OutboxMessage, type Tell } from '../../foundation/model/index.ts';
import { type Log, type Metrics, thrownFields } from '../../foundation/telemetry/index.ts';
import type { Store } from '../../store/store.ts';
import type { OutboxTarget, Sent } from './target.ts';

/** What an outbox works with. `random` returns 0 to 1. */
export type OutboxParts = {
  store: Store;
  keyring: Keyring;
  clock: Clock;
  log: Log;
  metrics: Pick<Metrics, 'outboxMessages' | 'outboxOldest'>;
  tell: Tell;
  random?: () => number;
};

/** The longest time of one attempt (ms). */
export const attemptMs = 15_000;

const firstDelayMs = 5_000;
const longestDelayMs = 60 * 60_000;
const deadKeptMs = 7 * 24 * 60 * 60_000;
const longestError = 100;

/** The error of a message whose gateway died after it had begun. */
export const outcomeUnknown = 'outcome-unknown';

const shares = 1_000_000;
const randomShare = (): number => randomInt(shares) / shares;

/** The delay after this many attempts (ms): 5 seconds, doubled each time up to an hour, by up to a fifth more or less. */
const delayAfter = (attempts: number, random: () => number = randomShare): number =>
  Math.min(firstDelayMs * 2 ** (attempts - 1), longestDelayMs) * (0.8 + 0.4 * random());

/** The target of an attempt, if the configuration has it, and the signal that cuts off what may be sent again. */
export type AttemptTo = { target: OutboxTarget | undefined; cutOff: AbortSignal };

/**
 * Sends a claimed message once and stores the end of it. Returns the end; undefined when another gateway has the message.
 */
export async function attempt(parts: OutboxParts, message: OutboxMessage, to: AttemptTo): Promise<Sent | undefined> {
  const { store, clock } = parts;
  const sent = await trySending(parts, message, to);
  if (!sent) return undefined;
  if (sent.kind === 'done') {
    const isOurs = await store.removeMessage(message.id, message.attempts);
    if (isOurs) parts.metrics.outboxMessages.inc({ target: message.target, outcome: 'sent' });
    return isOurs ? sent : undefined;
  }
  if (sent.kind === 'never') return giveUp(parts, message, sent.error);
  const dueAt = Math.round(clock() + (sent.afterMs ?? delayAfter(message.attempts, parts.random)));
  if (sent.kind === 'later') return (await store.changeMessage(message.id, message.attempts, { dueAt })) ? sent : undefined;
  if (dueAt >= message.endsAt) return giveUp(parts, message, sent.error);
  const change = { state: 'waiting', dueAt, lastError: shortened(sent.error) } as const;
  if (!(await store.changeMessage(message.id, message.attempts, change))) return undefined;
  parts.metrics.outboxMessages.inc({ target: message.target, outcome: 'again' });
  return sent;
}

async function trySending(parts: OutboxParts, message: OutboxMessage, { target, cutOff }: AttemptTo): Promise<Sent | undefined> {
  const { store, keyring, clock, log } = parts;
  const { id, authServer, createdAt, attempts } = message;
  if (message.state === 'begun') return { kind: 'never', error: outcomeUnknown };
  if (clock() >= message.endsAt) return { kind: 'never', error: message.lastError ?? 'too-late' };
  if (!target) return { kind: 'again', error: 'no-such-target' };
  let isBegun = false;
  try {
    const payload = keyring.open(sealedFor.message(id), message.payload).toString('utf8');
    if (target.isOnce?.(payload)) {
      if (!(await store.changeMessage(id, attempts, { state: 'begun' }))) return undefined;
      isBegun = true;
    }
    const limit = AbortSignal.timeout(attemptMs);
    const signal = isBegun ? limit : AbortSignal.any([limit, cutOff]);
    return await target.send({ id, authServer, createdAt, attempts, payload }, signal);
  } catch (error) {
    log.error({ ...thrownFields(error), target: message.target, message: id }, 'a message could not be sent');
    if (isBegun) return { kind: 'never', error: outcomeUnknown };
    return { kind: 'again', error: error instanceof GatewayFault ? error.code : 'defect' };
  }
}

async function giveUp({ store, clock, tell, metrics }: OutboxParts, message: OutboxMessage, error: string): Promise<Sent | undefined> {
  const { id, target, authServer, attempts } = message;
  const change = { state: 'dead', endsAt: clock() + deadKeptMs, lastError: shortened(error) } as const;
  if (!(await store.changeMessage(id, attempts, change))) return undefined;
  metrics.outboxMessages.inc({ target, outcome: 'dead' });
  tell({ kind: 'message-dead', target, authServer, message: id, attempts, error: shortened(error) });
  return { kind: 'never', error };
}

const shortened = (error: string): string => error.slice(0, longestError);
