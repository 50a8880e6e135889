import { type Decision, type Effect, type GatewayEvent, GatewayFault, type Transaction } from '../../foundation/model/index.ts';
import type { DatedEvent } from '../audit/index.ts';
import type { EngineParts } from '../parts.ts';
import { type Decided, decide, type TransactionEvent } from './decide.ts';
import { carryOut, effectLeaseMs, effectsOf } from './effects.ts';
import { wantedPublications } from './publications.ts';
import { reportEventsOf } from './reports.ts';

const maxAttempts = 5;

/** The result of an event: the reply to its sender, and the present transaction. */
export type Applied = { reply: Decided['reply']; transaction: Transaction };

/**
 * Applies one event to one transaction: decide, write with the version as condition, and after a conflict read and
 * decide again. Its events are written with it; `act` is one more, if something changes. Throws `store-unavailable`
 * after five conflicts.
 */
export async function applyEvent(
  parts: EngineParts,
  transaction: Transaction,
  event: TransactionEvent,
  act?: GatewayEvent,
): Promise<Applied> {
  let current = transaction;
  for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
    const now = parts.clock();
    const { reply, next } = decide(current, event, now);
    if (!next) return { reply, transaction: current };
    const effects = [...effectsOf(current, next, now), ...wantedPublications(parts, current, next, now)];
    const notes = notesOf(current, next, { now, act });
    const all: Effect[] = [...effects, ...notes.map((told) => ({ kind: 'noted' as const, ...parts.audit.seal(told) }))];
    const written = await parts.store.decide(current.id, current.decision.version, next, all, now + effectLeaseMs);
    if (written === 'decided') {
      observe(parts, current, next, now);
      for (const note of notes) parts.tell(note.event, 'kept');
      parts.audit.chain(notes, { transaction: current.id });
      const carriedOut = effects.length > 0 ? parts.background.run('effects', () => carryOut(parts, current.id, effects)) : undefined;
      // After the reply to an activation, the token may be used at once.
      if (current.kind === 'activation') await carriedOut;
      return { reply, transaction: { ...current, decision: next } };
    }
    const fresh = await parts.store.findTransaction(current.id);
    if (!fresh) return { reply: 'refused', transaction: current };
    current = fresh;
  }
  throw new GatewayFault('store-unavailable', `Transaction was changed by others ${maxAttempts} times in a row`);
}

/** The events of a decision, with ids derived from it, so that the audit gets each of them only once. */
function notesOf(before: Transaction, next: Decision, { now, act }: { now: number; act: GatewayEvent | undefined }): DatedEvent[] {
  const events = [...eventsOf(before, next), ...reportEventsOf(before, next), ...(act ? [act] : [])];
  return events.map((event, index) => ({ id: `${before.id}:${next.version}:told${index}`, at: now, event }));
}

/** The events of an answer or a finished login. */
function eventsOf({ id, authServer, user, realm, decision: before }: Transaction, next: Decision): GatewayEvent[] {
  const about = { authServer, transaction: id, user, realm };
  const answered = next.challenges.flatMap(({ serial, mode, state, declineReason }, index): GatewayEvent[] =>
    state === before.challenges[index]?.state || state === 'pending' || state === 'closed'
      ? []
      : [{ kind: 'challenge-answered', ...about, serial, mode, verdict: state, declineReason }],
  );
  const isFinished =
    next.state !== before.state && (next.state === 'consumed' || (next.state === 'accepted' && next.rule.consume === 'never'));
  const serials = next.challenges.filter(({ state }) => state === 'accepted').map(({ serial }) => serial);
  return isFinished ? [...answered, { kind: 'login-finished', ...about, serials }] : answered;
}

function observe({ metrics }: EngineParts, before: Transaction, next: Decision, now: number): void {
  const mode = next.challenges[0]?.mode ?? 'confirm';
  const answered = next.challenges.find((challenge, index) => challenge.answer !== before.decision.challenges[index]?.answer);
  const how = answered?.state;
  if (how === 'accepted' || how === 'declined' || how === 'code-shown')
    metrics.answerSeconds.observe({ mode, result: how }, (now - before.createdAt) / 1000);
  if (before.decision.state !== 'open' || next.state === 'open') return;
  const locked = next.state === 'declined' && next.challenges.every(({ state }) => state === 'locked' || state === 'closed');
  const result = locked ? 'locked' : next.state === 'consumed' ? 'accepted' : next.state;
  metrics.challenges.inc({ auth_server: before.authServer, mode, result });
}
