import { randomBytes } from 'node:crypto';
import { randomDigits } from '../../foundation/crypto/index.ts';
import {
  type Challenge,
  GatewayFault,
  type Owner,
  ok,
  type PushToken,
  type Result,
  refused,
  type Transaction,
} from '../../foundation/model/index.ts';
import { span } from '../../foundation/telemetry/spans.ts';
import { type Facts, fillTags } from '../../policy/index.ts';
import type { LoginRefusal } from '../admission/admission.ts';
import { makeRoom } from '../admission/open-challenges.ts';
import { type PhonePrompt, phonePrompt } from '../admission/prompts.ts';
import { addTransaction } from '../decisions/publications.ts';
import { factsOf } from '../facts.ts';
import { type Asker, type EngineParts, originOf, ownerNames } from '../parts.ts';
import { clientOf } from '../people/known-clients.ts';
import type { PhoneProtocol, Prompt, SealTools } from '../phones/phone-protocol.ts';
import { failuresOf, typistOf } from '../pins/pins-per-source.ts';
import { mayUseCapabilities } from '../records/capabilities.ts';
import { changeToken } from '../records/change-token.ts';
import { phoneKeyOf } from '../records/phone-key.ts';
import { gatherInBucket } from '../tokens/token-owner.ts';
import { type Ask, askedFields, askToConfirm } from './ask.ts';
import { canRing, mayPoll } from './deliver.ts';
import { firstLegOf } from './first-leg.ts';
import type { Issued, IssueRequest, Naming } from './issue-request.ts';
import { findRepeated, type Repeatable, repeatableOf } from './repeat.ts';

const maxAttempts = 3;

/** {@link Challenges.issue}. */
export async function issue(parts: EngineParts, request: IssueRequest): Promise<Result<Issued, LoginRefusal>> {
  await gatherInBucket(parts, request.tokens);
  const repeatable = repeatableOf(parts, request);
  const found = repeatable && (await findRepeated(parts, request, repeatable));
  if (found?.kind === 'joined') return ok(found.issued);
  return issueNew(parts, request, { repeatable, digits: found?.digits });
}

/** A login that no identical request has begun, and the id digits under which identical requests will find it. */
type NewLogin = { repeatable: Repeatable | undefined; digits: string | undefined };

async function issueNew(
  parts: EngineParts,
  request: IssueRequest,
  { repeatable, digits: first }: NewLogin,
): Promise<Result<Issued, LoginRefusal>> {
  if (request.kind === 'activation') await beginActivation(parts, request.tokens);
  // Prompts are counted while challenges are signed.
  const prompting = Promise.all(request.tokens.map((token) => promptOf(parts, request, token)));
  const failures = await failuresToEnd(parts, request);
  let digits = first;
  for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
    const prepared = await prepare(parts, request, { prompting, digits });
    if ('kind' in prepared) return refused(prepared);
    const { tokens } = prepared;
    const transaction = { ...prepared.transaction, ...failures };
    if ((await addTransaction(parts, transaction)) !== 'added') {
      const found = repeatable && (await findRepeated(parts, request, repeatable));
      digits = found?.digits;
      if (found?.kind !== 'joined') continue;
      takeBackPrompts(parts, transaction);
      return ok(found.issued);
    }
    const admitted = await makeRoom(parts, { transaction, tokens, asker: request.asker });
    if ('kind' in admitted) {
      takeBackPrompts(parts, transaction);
      return refused(admitted);
    }
    reportStarted(parts, request.asker, admitted);
    return ok({ ...admitted, place: transaction.decision.repeats?.waiting[0] });
  }
  throw noFreeId();
}

/** The fault after every tried id was taken. */
export const noFreeId = (): GatewayFault => new GatewayFault('store-unavailable', 'No free transaction id was found');

/** Emits the event of a started login. */
export function reportStarted(parts: EngineParts, asker: Asker, { transaction, tokens }: Issued): void {
  const { id, user, realm } = transaction;
  const serials = tokens.map(({ serial }) => serial);
  parts.tell({ kind: 'login-started', origin: originOf(asker), transaction: id, serials, user, realm });
}

/** The counter of wrong PINs that an accept will end, if there may be any; no lookup without. */
async function failuresToEnd(parts: EngineParts, request: IssueRequest): Promise<Pick<Transaction, 'failures'>> {
  const { settings } = parts;
  const mayHaveFailed = !settings.countWrongPins || request.tokens.some(({ failCount }) => failCount > 0);
  if (settings.lockout === 'token' || !mayHaveFailed) return {};
  return { failures: await failuresOf(parts, typistOf(parts, request, request.tokens)) };
}

/** Whether a provider could ring this phone, and whether it may poll. */
export const phoneReach = (parts: EngineParts, asker: Asker, token: PushToken): { canRing: boolean; mayPoll: boolean } => ({
  canRing: canRing(parts, asker, token),
  mayPoll: mayPoll(parts, asker, token),
});

function promptOf(parts: EngineParts, request: IssueRequest, token: PushToken): Promise<PhonePrompt> | PhonePrompt {
  if (request.isTest) return { kind: 'asked', rings: true };
  return phonePrompt(parts, { applicant: request, token, ...phoneReach(parts, request.asker, token) });
}

/** Takes back the prompts of a login that ended before it rang. */
function takeBackPrompts({ store, background }: EngineParts, { decision }: Transaction): void {
  const keys = decision.challenges.flatMap(({ prompt }) => prompt ?? []);
  if (keys.length > 0) background.run('prompts', () => store.uncount(keys, 'all'));
}

/** The push tokens to prompt, with their sealed challenges; `limited` when no phone may ring or can poll. */
async function sealAll(parts: EngineParts, request: IssueRequest, prompting: Promise<PhonePrompt[]>, handles: Naming['handles'] = []) {
  const sealing = Promise.all(request.tokens.map((token, index) => sealFor(parts, request, token, handles[index])));
  const [prompts, sealed] = await Promise.all([prompting, sealing]);
  const asked = request.tokens.flatMap((token, index) => {
    const [prompt, challenge] = [prompts[index], sealed[index]];
    if (prompt?.kind !== 'asked' || !challenge) return [];
    const { kind: _asked, ...how } = prompt;
    return [{ token, challenge: { ...challenge, ...how } }];
  });
  const retryMs = Math.min(...prompts.flatMap((prompt) => (prompt.kind === 'limited' ? prompt.retryMs : [])));
  return asked.length === 0 && prompts.length > 0 ? ({ kind: 'limited', because: 'prompts', retryMs } as const) : asked;
}

async function prepare(
  parts: EngineParts,
  request: IssueRequest,
  { prompting, digits }: { prompting: Promise<PhonePrompt[]>; digits: string | undefined },
): Promise<Issued | Extract<LoginRefusal, { kind: 'limited' }>> {
  const name = request.naming?.();
  const asked = await sealAll(parts, request, prompting, name?.handles);
  if ('kind' in asked) return asked;
  const [tokens, challenges] = [asked.map(({ token }) => token), asked.map(({ challenge }) => challenge)];
  return { tokens, transaction: transactionFor(parts, { ...request, tokens }, { name, challenges, digits }) };
}

/**
 * A transaction for these challenges with a new id. `digits`: the id digits of a login that identical requests may
 * join.
 */
export function transactionFor(
  parts: EngineParts,
  request: IssueRequest,
  { name, challenges, digits }: { name: Naming | undefined; challenges: Challenge[]; digits?: string | undefined },
): Transaction {
  const { asker, user, realm, tokens, rule, kind = 'login' } = request;
  const now = parts.clock();
  const first = tokens[0];
  const facts = factsOf(parts, asker, { user, realm }, first);
  const validityMs = validityOf(parts, request, facts);
  const until = now + Math.max(validityMs, request.waitMs ?? 0);
  const bucket = first?.bucket ?? 0;
  const client = clientOf(parts, request);
  const id = `${String(bucket).padStart(3, '0')}${digits ?? randomDigits(17)}`;
  const repeats = { joined: 0, waiting: request.waitMs === undefined ? [] : [0] };
  return {
    id,
    bucket,
    kind,
    authServer: asker.authServer,
    dialect: asker.dialect,
    ...(name ? { foreignId: name.foreignId } : {}),
    user,
    realm,
    ...namedFields(request),
    ...sourceFields(asker, first?.owner),
    createdAt: now,
    ...(client === undefined ? {} : { client }),
    ...(request.page === undefined ? {} : { page: request.page }),
    ...(request.pass === undefined ? {} : { firstLeg: firstLegOf(parts.keyring, id, request.pass) }),
    decision: {
      rule,
      state: 'open',
      answerUntil: until,
      finishUntil: until,
      challenges,
      version: 0,
      ...(digits === undefined ? {} : { repeats }),
    },
  };
}

/** The user's name in the request, as fields of the transaction. */
export const namedFields = ({
  user,
  typed = user,
  source,
}: Pick<IssueRequest, 'user' | 'typed' | 'source'>): Pick<Transaction, 'typed' | 'source'> => ({
  ...(typed === user ? {} : { typed }),
  ...(source === undefined ? {} : { source }),
});

/** The user's source and id: from the lookup for this request, else from the enrolment. */
export function sourceFields({ resolver, userinfo }: Asker, owner: Owner | undefined): Pick<Transaction, 'resolver' | 'userid'> {
  const { resolver: source, userid } = resolver ? { resolver, userid: userinfo?.userid } : { ...owner };
  return source && userid ? { resolver: source, userid } : {};
}

/** How long the phones may answer: as long as the request wishes, if policies allow as much; else as they say. */
function validityOf(parts: EngineParts, { tokens, validityMs }: IssueRequest, facts: Facts): number {
  const seconds = parts.policy.value('push_validity_seconds', facts);
  if (seconds === undefined) return validityMs ?? defaultValidityMs(parts, tokens);
  return Math.min(validityMs ?? Number.POSITIVE_INFINITY, seconds * 1000);
}

/** The validity of a transaction with tokens of several types: the shortest of theirs. */
function defaultValidityMs({ settings: { challengeValidityMs, validityMsByType } }: EngineParts, tokens: readonly PushToken[]): number {
  const validities = tokens.map(({ type }) => validityMsByType[type] ?? challengeValidityMs);
  return validities.length === 0 ? challengeValidityMs : Math.min(...validities);
}

async function sealFor(parts: EngineParts, request: IssueRequest, token: PushToken, wish: string | undefined): Promise<Challenge> {
  return seal(parts, request, token, unsealedChallenge(parts, request, token, wish));
}

/** A challenge with its handle that is not sealed and not shown to the phone yet. */
export function unsealedChallenge(parts: EngineParts, request: IssueRequest, token: PushToken, wish: string | undefined): Challenge {
  const phone = phoneOf(parts, token);
  return {
    serial: token.serial,
    phoneKey: phoneKeyOf(token),
    phone: phone.name,
    handle: phone.newHandle(randomBytes, wish),
    payload: '',
    state: 'closed',
    wrongTries: 0,
    ...askedFields(askFor(phone, token, request.ask), parts.keyring),
  };
}

/** Seals an unsealed challenge for its phone. */
export async function seal(parts: EngineParts, request: IssueRequest, token: PushToken, unsealed: Challenge): Promise<Challenge> {
  const phone = phoneOf(parts, token);
  const sign = await signerFor(parts, phone, token);
  if (!sign) throw new GatewayFault('config-invalid', `Push token ${token.serial} has no server key`);
  const prompt = promptFor(parts, request, token, { ask: askFor(phone, token, request.ask), phone });
  const { handle } = unsealed;
  const { payload, clearText } = await span('sign challenge', { 'pushgate.phone_protocol': phone.name }, () =>
    phone.seal(token, prompt, { randomBytes, sign, now: parts.clock(), handle }),
  );
  return { ...unsealed, payload, ...(clearText === undefined ? {} : { clearText }), state: 'pending' };
}

function phoneOf({ phones }: EngineParts, { serial, phone: { protocol } }: PushToken): PhoneProtocol {
  const phone = phones[protocol];
  if (!phone) throw new GatewayFault('config-invalid', `Push token ${serial} has an unknown phone protocol`);
  return phone;
}

/** The signing function of a push token: by its own server key or the shared one. */
async function signerFor(
  { serverKeys, sharedKeys }: EngineParts,
  phone: PhoneProtocol,
  token: PushToken,
): Promise<SealTools['sign'] | undefined> {
  return phone.serverKey === 'own' ? serverKeys.signer(token) : (await sharedKeys.of(token))?.sign;
}

/** Marks the push tokens as activating, before their phones can answer. */
export async function beginActivation(parts: EngineParts, tokens: readonly PushToken[]): Promise<void> {
  for (const token of tokens)
    await changeToken(parts, token.serial, ({ rollout }) => (rollout === 'paired' ? { rollout: 'activating' } : undefined));
}

/**
 * A phone without the asked mode gets a plain confirmation; whether that is allowed was decided before, see `canAsk`.
 */
const askFor = (phone: PhoneProtocol, token: PushToken, ask: Ask = askToConfirm): Ask =>
  phone.modes(token).includes(ask.mode) ? ask : askToConfirm;

/** {@link Challenges.canAsk}. */
export const canAsk = ({ phones }: EngineParts, token: PushToken, { mode }: Ask): boolean =>
  phones[token.phone.protocol]?.modes(token).includes(mode) ?? false;

type Asked = { ask: Ask; phone: PhoneProtocol };

function promptFor(parts: EngineParts, { asker, prompt, kind }: IssueRequest, token: PushToken, { ask, phone }: Asked): Prompt {
  const { policy } = parts;
  const facts = factsOf(parts, asker, token.owner, token);
  // A rule may move the phones to a new URL; a token without a matching rule keeps the one of its enrolment.
  const url = policy.value(phone.answerUrl, homeFacts(phone, token, facts)) ?? token.registrationUrl;
  const { isExact = false, isLiteral = false } = prompt;
  const text = isExact ? undefined : policy.value('push_text_on_mobile', facts);
  const title = isExact ? undefined : policy.value('push_title_on_mobile', facts);
  const { givenname = '', surname = '' } = asker.userinfo ?? {};
  const subject = { serial: token.serial, tokenType: token.type, ...ownerNames(token), url, givenname, surname };
  return {
    title: title ?? prompt.title,
    question: (text === undefined || isLiteral ? text : fillTags(text, subject, facts)) ?? prompt.question,
    shape: kind === 'activation' ? 'activation' : (prompt.shape ?? 'question'),
    isExact,
    url,
    sslVerify: policy.value('push_ssl_verify', facts, 'authentication') ?? true,
    tellsCapabilities: policy.value('push_capabilities_signature', facts) === 'always' || mayUseCapabilities(token),
    mode: ask.mode,
    options: ask.mode === 'presence' ? ask.options : undefined,
  };
}

/**
 * The facts with the mount that enrolled the push token: the phone answers at its own mount, whichever mount asks for
 * the login.
 */
function homeFacts(phone: PhoneProtocol, token: PushToken, { mount: _asking, flavour: _its, ...facts }: Facts): Facts {
  return { ...facts, mount: token.mount, flavour: phone.flavourOf?.(token) };
}
