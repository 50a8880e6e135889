import { randomBytes } from 'node:crypto';
import { randomDigits } from '../foundation/crypto/index.ts';
import { type Challenge, type DecisionRule, GatewayFault, type PushToken, type Transaction } from '../foundation/model/index.ts';
import { fillTags } from '../policy/index.ts';
import { type Ask, askedFields, askToConfirm } from './ask.ts';
import { bucketOf } from './bucket.ts';
import { factsOf } from './facts.ts';
import type { Asker, EngineParts } from './parts.ts';
import { phoneKeyOf } from './phone-key.ts';
import type { PhoneProtocol, Prompt } from './phone-protocol.ts';

/** One login to be asked for: all of `tokens` get a challenge under one transaction. `prompt` holds the dialect's own texts; policy may replace them. */
export type IssueRequest = {
  asker: Asker;
  user: string;
  realm: string;
  tokens: readonly PushToken[];
  prompt: { title: string; question: string };
  /** What the user has to do; a plain yes or no where nothing is said. */
  ask?: Ask;
  /** The phone may answer at least this long (ms), whatever the usual validity is. */
  atLeastMs?: number;
  /** Whether `declineSettles` follows policy is the dialect's affair: this is the rule as it stands. */
  rule: DecisionRule;
};

const maxAttempts = 3;

/**
 * Seals a challenge for every token and stores the transaction. Stored first, pushed second: see `deliver`.
 * The id is 20 decimal digits: the bucket, then 17 random ones.
 * Throws `store-unavailable`.
 */
export async function issue(parts: EngineParts, request: IssueRequest): Promise<Transaction> {
  for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
    const transaction = await prepare(parts, request);
    if ((await parts.store.addTransaction(transaction)) === 'added') return transaction;
  }
  throw new GatewayFault('store-unavailable', 'No free transaction id was found');
}

async function prepare(parts: EngineParts, request: IssueRequest): Promise<Transaction> {
  const { asker, user, realm, tokens, rule } = request;
  const challenges = await Promise.all(tokens.map((token) => sealFor(parts, request, token)));
  const now = parts.clock();
  const first = tokens[0];
  const facts = factsOf(parts, asker, { user, realm }, first);
  const validitySeconds = parts.policy.value('push_validity_seconds', { ...facts, scope: 'authentication' });
  const validityMs = validitySeconds === undefined ? parts.settings.challengeValidityMs : validitySeconds * 1000;
  const until = now + Math.max(validityMs, request.atLeastMs ?? 0);
  const bucket = first ? bucketOf(first.serial, first.owner) : 0;
  return {
    id: `${String(bucket).padStart(3, '0')}${randomDigits(17)}`,
    bucket,
    kind: 'login',
    authServer: asker.authServer,
    dialect: asker.dialect,
    user,
    realm,
    createdAt: now,
    decision: { rule, state: 'open', answerUntil: until, finishUntil: until, challenges, version: 0 },
  };
}

async function sealFor(parts: EngineParts, request: IssueRequest, token: PushToken): Promise<Challenge> {
  const phone = parts.phones[token.phone.protocol];
  const sign = parts.serverKeys.signer(token);
  if (!phone || !sign)
    throw new GatewayFault('config-invalid', `Push token ${token.serial} has no server key or an unknown phone protocol`);
  const ask = askFor(phone, token, request.ask);
  const prompt = promptFor(parts, request, token, ask);
  const { handle, payload } = await phone.seal(token, prompt, { randomBytes, sign });
  return {
    serial: token.serial,
    phoneKey: phoneKeyOf(token),
    phone: phone.name,
    handle,
    payload,
    state: 'pending',
    wrongTries: 0,
    ...askedFields(ask, parts.keyring),
  };
}

/** A phone that cannot do what is asked is asked for a yes or no; whether it may be is decided before, see `canAsk`. */
const askFor = (phone: PhoneProtocol, token: PushToken, ask: Ask = askToConfirm): Ask =>
  phone.modes(token).includes(ask.mode) ? ask : askToConfirm;

/** Whether the phone of this push token can do what is asked. */
export const canAsk = ({ phones }: EngineParts, token: PushToken, { mode }: Ask): boolean =>
  phones[token.phone.protocol]?.modes(token).includes(mode) ?? false;

function promptFor({ policy, clock }: EngineParts, { asker, prompt }: IssueRequest, token: PushToken, ask: Ask): Prompt {
  const facts = { ...factsOf({ clock }, asker, token.owner, token), scope: 'authentication' as const };
  // A rule may move the phones to a new URL; a token that no rule fits any more keeps the one it was enrolled with.
  const url = policy.value('push_registration_url', { ...facts, scope: 'enrollment' }) ?? token.registrationUrl;
  const { user = '', realm = '' } = token.owner ?? {};
  const question = policy.value('push_text_on_mobile', facts);
  const subject = { serial: token.serial, tokenType: token.type, user, realm, url };
  return {
    title: policy.value('push_title_on_mobile', facts) ?? prompt.title,
    question: (question === undefined ? undefined : fillTags(question, subject, facts)) ?? prompt.question,
    url,
    sslVerify: policy.value('push_ssl_verify', facts) ?? true,
    mode: ask.mode,
    ...(ask.mode === 'presence' ? { options: ask.options } : {}),
  };
}
