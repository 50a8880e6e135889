import { type Asker, askToConfirm, type Delivered, type LoginRefusal, ownerNames } from '../../../../engine/index.ts';
import type { LoginRefusalReason, PushToken, Transaction } from '../../../../foundation/model/index.ts';
import { fillClientText } from '../../../../policy/index.ts';
import { flavourRules } from '../flavour.ts';
import type { PrivacyideaParts } from '../parts.ts';
import { challengeDetail } from './challenge-detail.ts';
import { chooseAsk } from './choose-ask.ts';
import { type Login, shownType } from './login.ts';

/**
 * Rules for starting a login. `mustBeSent`: a phone that only polls is not enough. `waitMs`: how long the reply waits
 * for the answer.
 */
export type StartRules = { mustBeSent?: boolean; waitMs?: number };

/**
 * The result of starting a login: `started` means stored and delivered. Otherwise there was no push and no polling
 * phone (`unreachable`), no phone with the required mode (`unable`), or a refusal by admission.
 */
export type Started =
  | {
      kind: 'started';
      transaction: Transaction;
      tokens: readonly PushToken[];
      delivered: Delivered[];
      asker: Asker;
      place?: number | undefined;
    }
  | { kind: 'unreachable' | 'unable' }
  | { kind: 'refused'; refusal: LoginRefusal };

/** The push tokens to ask. `isProved`: the PIN was right; `quiet`: the push tokens that it opens, in a quiet login. */
type ToStart = { tokens: readonly PushToken[]; isProved?: boolean; quiet?: { right: readonly PushToken[] } };

const onlyOf = (tokens: readonly PushToken[], some: readonly PushToken[]): PushToken[] => tokens.filter((token) => some.includes(token));

const question = 'Do you want to confirm the login?';

/** Starts a login for all push tokens, with one transaction. A login that waits for its answer uses confirm mode. */
export async function startLogin(login: Login & ToStart, { mustBeSent = false, waitMs }: StartRules = {}): Promise<Started> {
  const {
    parts,
    asker,
    subject: { user, realm, typed, source },
    tokens: all,
    quiet,
    isProved,
  } = login;
  const { engine, graceMs, product } = parts;
  const { hasModes } = flavourRules(product);
  const facts = engine.facts(asker, { user, realm });
  const ask = hasModes && waitMs === undefined ? chooseAsk(engine.policy, facts) : askToConfirm;
  const mayFallBack = engine.policy.value('push_mode_fallback', facts) === 'confirm';
  const able = all.filter((token) => mayFallBack || engine.challenges.canAsk(token, ask));
  if (able.length === 0) return { kind: 'unable' };
  const declineSettles = engine.policy.value('push_decline_settles', facts) ?? true;
  const rule = { declineSettles, consume: 'once' as const, graceMs };
  const prompt = { title: product.name, question, isLiteral: product.flavour === 'edumfa' };
  const whom = { asker, user, realm, typed, source, tokens: able };
  const request = { ...whom, prompt, ask, rule, waitMs, isProved };
  if (quiet) return { kind: 'started', ...(await engine.challenges.issueQuietly({ ...request, right: onlyOf(quiet.right, able) })), asker };
  const issued = await engine.challenges.issue(request);
  if (!issued.ok) return { kind: 'refused', refusal: issued.error };
  const { transaction, tokens, hasJoined, place } = issued.value;
  const delivered = await engine.challenges.deliver({ ...issued.value, asker });
  if (hasJoined) return { kind: 'started', transaction, tokens, delivered, asker, place };
  if (delivered.some(({ sent, pollable }) => sent || (pollable && !mustBeSent))) {
    if (engine.policy.value('increase_failcounter_on_challenge', facts)) await engine.pins.countFailures(tokens, whom);
    return { kind: 'started', transaction, tokens, delivered, asker, place };
  }
  await engine.challenges.withdraw(transaction);
  return { kind: 'unreachable' };
}

/** The `detail` of a started login for the client. */
export function startedDetail(parts: PrivacyideaParts, { asker, transaction, tokens, delivered }: Extract<Started, { kind: 'started' }>) {
  const { engine, product } = parts;
  const factsFor = (owner: PushToken['owner'], token?: PushToken) => engine.facts(asker, owner, token);
  const textFor = (token: PushToken): string | undefined => {
    const facts = factsFor(token.owner, token);
    const text = engine.policy.value('push_challenge_text', facts) ?? engine.policy.value('challenge_text', facts);
    const { givenname = '', surname = '' } = asker.userinfo ?? {};
    return (
      text &&
      fillClientText(text, { serial: token.serial, ...ownerNames(token), tokenType: token.type, url: '', givenname, surname }, facts.now)
    );
  };
  const typeFor = (token: PushToken): string => shownType(parts, asker, token);
  const facts = factsFor({ user: transaction.user, realm: transaction.realm, resolver: '' });
  const preferred = engine.policy.value('preferred_client_mode', facts);
  const header = engine.policy.value('challenge_text_header', facts);
  const footer = engine.policy.value('challenge_text_footer', facts);
  return challengeDetail({ transaction, tokens, delivered, textFor, typeFor, rules: flavourRules(product) }, preferred, { header, footer });
}

/** Why no login was started: for the event, and for the reply. */
export const notStarted: Record<Exclude<Started['kind'], 'started' | 'refused'>, { reason: LoginRefusalReason; message: string }> = {
  unreachable: { reason: 'undeliverable', message: 'The push could not be delivered, and polling is not allowed.' },
  unable: { reason: 'unable-phone', message: 'No phone of this user can do what the policies ask for.' },
};
