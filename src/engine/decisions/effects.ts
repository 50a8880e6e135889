import { callbackId, type Decision, type Effect, type Transaction } from '../../foundation/model/index.ts';
import { endPrompts, mutePhone, rememberClient } from '../limits/index.ts';
import type { EngineParts } from '../parts.ts';
import { personKey } from '../people/person-key.ts';
import { changeToken } from '../records/change-token.ts';
import { noFailures } from '../records/failures.ts';
import { phoneKeyOf } from '../records/phone-key.ts';
import { reportsOf } from './reports.ts';

/** How long the deciding gateway has for its own effects before any gateway's sweep takes them over. */
export const effectLeaseMs = 10_000;
const sweepBatch = 100;

/** The effects of a decision. Their ids are derived from it, so that carrying one out twice has no further effect. */
export function effectsOf(before: Transaction, next: Decision, now: number): Effect[] {
  return [...endsOf(before, next, now), ...acceptsOf(before, next, now), ...reportsOf(before, next, now), ...callbackDueOf(before, next)];
}

/** The auth server is to be told, once: when a transaction is settled that waited for it. */
function callbackDueOf({ id, decision: { state } }: Transaction, next: Decision): Effect[] {
  const isSettled = next.rule.callsBack === true && state === 'open' && next.state !== 'open';
  return isSettled ? [{ id: `${id}:${next.version}:callback`, kind: 'callback-due', message: callbackId(id) }] : [];
}

/** The effects of phones that accepted just now. */
function acceptsOf({ id, kind, user, realm, client, failures, decision }: Transaction, next: Decision, now: number): Effect[] {
  const accepted = next.challenges.filter(({ state }, index) => state === 'accepted' && decision.challenges[index]?.state !== state);
  return accepted.flatMap(({ serial, rings, prompt }): Effect[] => {
    const told = kind === 'login' && client !== undefined ? { client } : undefined;
    const prompted = rings === false || prompt !== undefined ? { prompted: true } : undefined;
    const failed = failures === undefined ? undefined : { failures };
    if (!told && !prompted && !failed) return [];
    return [
      { id: `${id}:${next.version}:${serial}:yes`, kind: 'phone-accepted', serial, at: now, user, realm, ...told, ...prompted, ...failed },
    ];
  });
}

function endsOf(before: Transaction, next: Decision, now: number): Effect[] {
  if (before.decision.state === next.state) return [];
  const isActivation = before.kind === 'activation';
  const isFinished = next.state === 'consumed' || (next.state === 'accepted' && next.rule.consume === 'never');
  // The answer itself activates a token, even if nobody fetches it; no login follows.
  if (isActivation ? next.state !== 'accepted' : !isFinished) return [];
  const accepted = next.challenges.filter(({ state }) => state === 'accepted');
  return accepted.map(({ serial, phoneKey }): Effect => {
    const caused = { id: `${before.id}:${next.version}:${serial}`, serial, at: now };
    return isActivation ? { ...caused, kind: 'token-activated', phoneKey } : { ...caused, kind: 'login-succeeded' };
  });
}

/**
 * Carries effects out. They are removed from the transaction later, together with its notes, which must be audit
 * entries first.
 */
export async function carryOut(parts: EngineParts, transactionId: string, effects: readonly Effect[]): Promise<void> {
  const { store, audit } = parts;
  const done: string[] = [];
  for (const effect of effects) {
    if (effect.kind === 'noted') {
      const { kind: _kind, ...note } = effect;
      audit.takeOver([note], { transaction: transactionId });
      continue;
    }
    switch (effect.kind) {
      case 'login-succeeded':
        await store.countLogin(effect.serial, effect.at, effect.id);
        break;
      case 'phone-accepted':
        if (effect.client !== undefined)
          await rememberClient({ store }, { client: effect.client, user: personKey(parts, effect), at: effect.at });
        if (effect.failures !== undefined) await parts.pinFailures.end(effect.failures);
        if (effect.prompted) await endPrompts({ store }, effect.serial);
        break;
      case 'login-reported':
        await reported(parts, effect);
        break;
      case 'callback-due':
        await parts.outbox.makeDue(effect.message);
        break;
      case 'token-activated':
        await activate({ store }, effect);
        break;
      case 'event-published':
        await publish(parts, transactionId, effect);
        break;
      case 'expiry-watched':
        await parts.publisher.watchExpiry({ id: transactionId, authServer: effect.authServer }, effect.finishUntil);
        break;
      default:
        effect satisfies never;
    }
    done.push(effect.id);
  }
  if (done.length > 0) audit.removeStored(transactionId, done);
}

const publish = (parts: EngineParts, transaction: string, effect: Extract<Effect, { kind: 'event-published' }>): Promise<void> => {
  const { kind: _kind, event: kind, ...rest } = effect;
  return parts.publisher.publish([{ ...rest, kind, transaction }]);
};

async function reported(parts: EngineParts, effect: Extract<Effect, { kind: 'login-reported' }>): Promise<void> {
  const { serial, because, rule, user, realm } = effect;
  if (rule.disables) await changeToken(parts, serial, ({ enabled }) => (enabled ? { enabled: false } : undefined));
  await mutePhone(parts, { serial, because, forMs: rule.mutedMs, user, realm });
}

/**
 * Enrols a push token whose phone has proved its key. Changes nothing the second time, or if the token was paired again
 * or revoked meanwhile.
 */
async function activate(
  parts: Pick<EngineParts, 'store'>,
  { serial, phoneKey }: Extract<Effect, { kind: 'token-activated' }>,
): Promise<void> {
  await changeToken(parts, serial, (token) =>
    token.rollout === 'activating' && !token.revoked && phoneKeyOf(token) === phoneKey
      ? { rollout: 'enrolled', enabled: true, ...noFailures }
      : undefined,
  );
}

/** Carries out effects that a crash left; returns the number of transactions concerned. */
export async function sweepEffects(parts: EngineParts): Promise<number> {
  const now = parts.clock();
  const due = await parts.store.claimDueEffects(now, now + effectLeaseMs, sweepBatch);
  await Promise.all(due.map(({ transactionId, effects }) => carryOut(parts, transactionId, effects)));
  return due.length;
}
