import {
  type ChallengeMode,
  type LoginRefusalReason,
  type Named,
  ok,
  type PushToken,
  type Result,
  refused,
} from '../../foundation/model/index.ts';
import { defaultDigits, defaultOptions } from '../../policy/index.ts';
import { admittedTokens, type LoginRefusal, mayAskFor, mayLogIn, resolveName, tellRefused } from '../admission/admission.ts';
import { rateRefusal } from '../admission/login-rates.ts';
import { factsOf } from '../facts.ts';
import type { Asker, EngineParts } from '../parts.ts';
import { type Identity, isIdentityOf } from '../people/identity.ts';
import { askerForLogin } from '../people/known-clients.ts';
import { findPerson, isNobody, ownerOf, type Person, sourceOf } from '../people/person.ts';
import { tokensOf } from '../people/person-key.ts';
import { isLocked } from '../pins/pins.ts';
import { isUsable } from '../records/usable.ts';
import { type Ask, askForNumber, askForPresence, askToConfirm } from './ask.ts';
import { isOfferedInLogin } from './enrolment.ts';
import { canAsk, issue } from './issue.ts';
import type { DialectPrompt, Issued, Naming } from './issue-request.ts';
import { newPage, type PageWish } from './waiting-page.ts';

/** The user to ask, by name or by the serial of a push token. */
export type Approver =
  | {
      user: string;
      realm?: string | undefined;
      /** The name is never split at @ or \\: the caller has resolved it already. */
      isWhole?: boolean;
    }
  | { serial: string };

/** A number of one or two digits that the user sees already, and what the phone shows when the user is to pick it. */
export type ShownNumber = { number: string; prompt: DialectPrompt };

/**
 * An approval that an application asks for: it has authenticated the user itself as far as it needs, so there is no
 * PIN.
 */
export type ApprovalRequest = {
  asker: Asker;
  /** The caller showed a credential of its own. */
  showed: boolean;
  who: Approver;
  prompt: DialectPrompt;
  /**
   * What the user has to do. Without it: pick a number of ten, on phones that can; else type a code from the phone, on
   * phones that can. `confirm` is only a tap, so it has to be asked for.
   */
  mode?: ChallengeMode | undefined;
  /** Asked for on phones that can, in place of `mode` and `prompt`. */
  shown?: ShownNumber | undefined;
  /** The user's id at the issuer that names the user: refused when it belongs to another user here. */
  identity?: Identity | undefined;
  /** A secret of the caller that it has to show again to finish. */
  binding?: string | undefined;
  /** How long the phone may answer (ms); without it, as policies say. */
  validityMs?: number | undefined;
  /** How long after the answer the caller may finish (ms). */
  graceMs: number;
  /** A page in the user's browser that waits for the phone; it shows a number, but takes no code. */
  page?: PageWish | undefined;
  /** For a dialect that names its transactions, which then have no page. */
  naming?: (() => Naming) | undefined;
  /** A callback tells the auth server the result: decisions make the message of this transaction due. */
  callsBack?: boolean;
};

/** A stored approval, not delivered yet; `asker` has the facts about the user. */
export type Approval = Issued & { asker: Asker };

/** Why nobody is asked: a refusal of admission, or the reason in the event. */
export type ApprovalRefusal = LoginRefusal | { kind: 'not-asked'; reason: LoginRefusalReason };

const notAsked = (reason: LoginRefusalReason): ApprovalRefusal => ({ kind: 'not-asked', reason });

/** {@link Challenges.issueApproval}. */
export const issueApproval = (parts: EngineParts, request: ApprovalRequest): Promise<Result<Approval, ApprovalRefusal>> =>
  parts.loginQueue.run(request.asker.authServer, () => issueInTurn(parts, request));

async function issueInTurn(parts: EngineParts, request: ApprovalRequest): Promise<Result<Approval, ApprovalRefusal>> {
  const approver = await findApprover(parts, request);
  const issued = approver.ok ? await issueFor(parts, request, approver.value) : approver;
  if (issued.ok) return issued;
  const about = approver.ok ? approver.value : { ...namesIn(request), tokens: [] };
  const reason = issued.error.kind === 'not-asked' ? issued.error.reason : issued.error.kind;
  const serials = about.tokens.map(({ serial }) => serial);
  tellRefused(parts, { asker: request.asker, user: about.user, realm: about.realm }, reason, { serials });
  return issued;
}

const namesIn = ({ who }: ApprovalRequest): Named =>
  'serial' in who ? { user: '', realm: '' } : { user: who.user, realm: who.realm ?? '' };

/** The user with all push tokens. `typed`: the name that was looked up. */
type FoundApprover = { user: string; realm: string; typed: string; source?: string | undefined; person: Person; tokens: PushToken[] };

async function findApprover(parts: EngineParts, { asker, who }: ApprovalRequest): Promise<Result<FoundApprover, ApprovalRefusal>> {
  if ('serial' in who) return findOwner(parts, asker, who.serial);
  const named = nameOf(parts, asker, who);
  if (named === 'foreign') return refused(notAsked('unknown-user'));
  const { user, realm } = named;
  const person = await findPerson(parts, user, realm);
  const asked = typeof person === 'string' ? named : { ...ownerOf(person, realm), typed: user };
  // Also queries the store for unknown users, so that response time does not reveal them.
  const tokens = (await tokensOf(parts, asked)).filter((token) => !isOfferedInLogin(token));
  return ok({ user: asked.user, realm, typed: user, person, tokens: isNobody(person) ? [] : tokens });
}

function nameOf(parts: EngineParts, asker: Asker, { user, realm, isWhole }: Exclude<Approver, { serial: string }>): Named | 'foreign' {
  if (!isWhole) return resolveName(parts, asker, { name: user, realm });
  return mayAskFor(asker, realm ?? '') ? { user, realm: realm ?? '' } : 'foreign';
}

async function findOwner(parts: EngineParts, asker: Asker, serial: string): Promise<Result<FoundApprover, ApprovalRefusal>> {
  const token = await parts.store.findToken(serial);
  const { user, realm } = token?.owner ?? { user: '', realm: '' };
  if (!token || !mayAskFor(asker, realm)) return refused(notAsked('no-token'));
  const source = sourceOf(parts, token.owner);
  const person = user === '' ? 'unlisted' : await findPerson(parts, user, realm, source);
  return ok({ user, realm, typed: user, source, person, tokens: [token] });
}

async function issueFor(parts: EngineParts, request: ApprovalRequest, approver: FoundApprover): Promise<Result<Approval, ApprovalRefusal>> {
  const { user, realm, typed, source, person } = approver;
  const asker = await askerForLogin(parts, { asker: request.asker, user, realm }, person);
  const applicant = { asker, user, realm };
  const refusal = mayLogIn(parts, applicant, request) ?? (await rateRefusal(parts, applicant));
  if (refusal) return refused(refusal);
  if (isNobody(person)) return refused(notAsked(person === 'barred' ? 'barred-user' : 'unknown-user'));
  const askable = askableTokens(parts, asker, approver.tokens);
  if (typeof askable === 'string') return refused(notAsked(askable));
  const able = withMode(parts, asker, { ...request, tokens: askable, modes: modesOf(request), user, realm });
  if (!able) return refused(notAsked('unable-phone'));
  if (!(await isIdentityOf(parts, request.identity, applicant))) return refused(notAsked('wrong-identity'));
  const declineSettles = parts.policy.value('push_decline_settles', factsOf(parts, asker, { user, realm })) ?? true;
  const { binding: pass, validityMs, naming, page, graceMs, callsBack } = request;
  const rule = { declineSettles, consume: 'once' as const, graceMs, ...(callsBack ? { callsBack } : {}) };
  const named = page ? newPage(parts.keyring, page) : { naming };
  const whom = { asker, user, realm, typed, source };
  const issued = await issue(parts, { ...whom, ...able, ...named, rule, validityMs, pass });
  return issued.ok ? ok({ ...issued.value, asker }) : issued;
}

/** The push tokens that can be asked now, or why there is none. */
function askableTokens(parts: EngineParts, asker: Asker, tokens: readonly PushToken[]): PushToken[] | LoginRefusalReason {
  const usable = admittedTokens(parts, asker, tokens).filter((token) => isUsable(token, parts.clock()));
  const open = usable.filter((token) => !isLocked(parts, token));
  if (open.length > 0) return open;
  if (usable.length > 0) return 'locked';
  return tokens.length > 0 ? 'unusable-token' : 'no-token';
}

/** The modes to try, strongest first. */
function modesOf({ mode, page }: ApprovalRequest): readonly ChallengeMode[] {
  if (mode !== undefined) return [mode];
  return page ? ['presence'] : ['presence', 'code'];
}

type ModeWish = Pick<ApprovalRequest, 'shown' | 'prompt'> & {
  tokens: readonly PushToken[];
  modes: readonly ChallengeMode[];
  user: string;
  realm: string;
};

/** The push tokens whose phones can do what is asked, how they ask, and what they show; undefined when none can. */
function withMode(
  parts: EngineParts,
  asker: Asker,
  { tokens, modes, shown, prompt, user, realm }: ModeWish,
): { tokens: PushToken[]; ask: Ask; prompt: DialectPrompt } | undefined {
  const facts = factsOf(parts, asker, { user, realm });
  const options = parts.policy.value('push_presence_num_options', facts) ?? defaultOptions;
  const asks: Record<ChallengeMode, () => Ask> = {
    presence: () => askForPresence('NUMERIC', options),
    code: () => ({ mode: 'code', digits: parts.policy.value('push_code_to_phone_digits', facts) ?? defaultDigits }),
    confirm: () => askToConfirm,
  };
  const wishes = modes.map((each) => ({ ask: asks[each](), prompt }));
  for (const wish of [...(shown ? [{ ask: askForNumber(shown.number, options), prompt: shown.prompt }] : []), ...wishes]) {
    const able = tokens.filter((token) => canAsk(parts, token, wish.ask));
    if (able.length > 0) return { tokens: able, ...wish };
  }
  return undefined;
}
