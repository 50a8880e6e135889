import type { Context } from 'koa';
import type { PushToken } from '../../../foundation/model/index.ts';
import { isFoundIn } from '../../../foundation/patterns/index.ts';
import type { Facts } from '../../../policy/index.ts';
import type { AuthServer } from '../../access/index.ts';
import { PiFault, type PiParams } from '../../formats/privacyidea/index.ts';
import { isIdleTooLong } from './auth-limits.ts';
import type { Outcome } from './outcome.ts';
import { askerFor, type PrivacyideaParts } from './parts.ts';
import { shownType } from './shown-type.ts';
import type { Subject } from './subject.ts';

/** A login as these rules look at it. */
export type RuledLogin = { server: AuthServer; subject: Subject };

/**
 * Refuses (400/401) a user whom policies do not let in, before anything is sent, counted or told.
 * @see docs/protocols/privacyidea.md 11.3
 */
export function demandAuthorized(parts: PrivacyideaParts, ctx: Context, { server, subject }: RuledLogin): void {
  const { user, realm } = subject;
  if (isDenied(parts, parts.engine.facts(askerFor(parts, ctx, server), { user, realm })))
    throw new PiFault('validation', 'User is not authorized to authenticate under these conditions.');
}

const isDenied = ({ engine }: PrivacyideaParts, facts: Facts): boolean => engine.policy.value('authorized', facts) === 'deny_access';

/**
 * The push tokens that this login may be done with: of the type that its client asks for, where policies let it ask, and of types and serials
 * that they allow.
 * @see docs/protocols/privacyidea.md 2 point 7, 11.3
 */
export function allowedTokens(parts: PrivacyideaParts, ctx: Context, { server, subject }: RuledLogin, params: PiParams): PushToken[] {
  const { policy } = parts.engine;
  const asker = askerFor(parts, ctx, server);
  const wanted = params.text('type')?.toLowerCase() || undefined;
  return subject.tokens.filter((token) => {
    const facts = parts.engine.facts(asker, token.owner, token);
    const type = token.type.toLowerCase();
    // A client that was told another type asks for that one.
    const isType = wanted === undefined || wanted === type || wanted === shownType(parts, asker, token);
    const isWanted = isType || policy.value('application_tokentype', facts) !== true;
    const types = policy.value('tokentype', facts);
    const serials = policy.value('serial', facts);
    const isIdle = isIdleTooLong(token, policy.value('last_auth', facts), facts.now);
    const isOut = policy.value('disabled_token_types', facts)?.includes(type) === true || isDenied(parts, facts) || isIdle;
    return isWanted && !isOut && types?.includes(type) !== false && (serials === undefined || isFoundIn(serials, token.serial));
  });
}

/** The outcome as policies let it be told: without its detail where they say so, a challenge's too. */
export function toldOutcome(parts: PrivacyideaParts, ctx: Context, { server, subject }: RuledLogin, outcome: Outcome): Outcome {
  const { user, realm } = subject;
  const facts = parts.engine.facts(askerFor(parts, ctx, server), { user, realm });
  const action = outcome.value ? 'no_detail_on_success' : 'no_detail_on_fail';
  return parts.engine.policy.value(action, facts) === true ? { ...outcome, isBare: true } : outcome;
}
