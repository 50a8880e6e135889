import type { Challenge, PushToken } from '../../foundation/model/index.ts';
import { pushLimit } from '../../policy/index.ts';
import { factsOf } from '../facts.ts';
import { type HeldPrompts, mutePhone, promptsOf, takePrompt } from '../limits/index.ts';
import { type Applicant, type EngineParts, whomOf } from '../parts.ts';
import { clientOf, isKnown } from '../people/known-clients.ts';

/** A phone that is to be asked for a login. `canRing`: some provider could; `mayPoll`: it may come and ask. */
export type Prompted = { applicant: Applicant; token: PushToken; canRing: boolean; mayPoll: boolean };

/** How a phone is asked: what its challenge says of it. `limited`: it can only ring, and may not before `retryMs`. */
export type PhonePrompt = ({ kind: 'asked' } & Pick<Challenge, 'rings' | 'prompt' | 'report'>) | { kind: 'limited'; retryMs: number };

/** The numbers that hold for a phone, in ms. */
function numbersOf(parts: EngineParts, { applicant: { asker }, token }: Pick<Prompted, 'applicant' | 'token'>) {
  const facts = factsOf(parts, asker, token.owner, token);
  const value = (limit: Parameters<typeof pushLimit>[1]): number => pushLimit(parts.policy, limit, facts);
  return {
    most: value('push_prompts_without_accept'),
    windowMs: value('push_prompts_window_seconds') * 1000,
    mutedMs: value('push_pull_only_seconds') * 1000,
    mostKnown: value('push_prompts_known_client'),
    rareMs: value('push_prompts_rare_seconds') * 1000,
  };
}

type Numbers = ReturnType<typeof numbersOf>;

/** What follows from a report of this phone's user; absent where nothing does. */
function reportRule(parts: EngineParts, prompted: Prompted, { most, mutedMs }: Numbers): Pick<Challenge, 'report'> {
  const { policy } = parts;
  const facts = factsOf(parts, prompted.applicant.asker, prompted.token.owner, prompted.token);
  const report = {
    mutedMs: prompted.canRing && most > 0 ? mutedMs : 0,
    disables: policy.value('push_not_me_disables', facts) ?? false,
    bareCounts: policy.value('push_bare_decline_is_fraud', facts) ?? false,
  };
  return report.mutedMs > 0 || report.disables || report.bareCounts ? { report } : {};
}

/** How a phone is asked for one more login: whether it may ring, and what follows where its user reports it. */
export async function phonePrompt(parts: EngineParts, prompted: Prompted): Promise<PhonePrompt> {
  const numbers = numbersOf(parts, prompted);
  const ringing = await ringingOf(parts, prompted, numbers);
  return ringing.kind === 'limited' ? ringing : { ...ringing, ...reportRule(parts, prompted, numbers) };
}

/** Whether a phone may ring once more. A prompt is counted before it goes out, so that no burst of logins gets one for nothing. */
async function ringingOf(parts: EngineParts, prompted: Prompted, numbers: Numbers): Promise<PhonePrompt> {
  const { token, canRing, mayPoll } = prompted;
  if (!canRing) return { kind: 'asked' };
  const { most, windowMs, mutedMs: forMs } = numbers;
  if (most === 0) return { kind: 'asked', rings: true };
  const held = await promptsOf(parts, token.serial);
  if (held.mutedUntil === undefined) {
    const taken = await takePrompt(parts, held, { places: 'usual', most, windowMs });
    if ('key' in taken) return { kind: 'asked', rings: true, prompt: taken.key };
    await mutePhone(parts, { serial: token.serial, because: 'unanswered', forMs, ...whomOf(token) });
  }
  return mayPoll ? { kind: 'asked', rings: false } : seldom(parts, prompted, { held, ...numbers });
}

/** How a phone is asked for a quiet login: it does not ring where it may come and ask. */
export async function quietPrompt(parts: EngineParts, prompted: Prompted): Promise<PhonePrompt> {
  const numbers = numbersOf(parts, prompted);
  const { token, canRing, mayPoll } = prompted;
  const ringing: PhonePrompt =
    mayPoll || !canRing
      ? { kind: 'asked', ...(canRing ? { rings: false } : {}) }
      : await seldom(parts, prompted, { held: await promptsOf(parts, token.serial), ...numbers });
  return ringing.kind === 'limited' ? ringing : { ...ringing, ...reportRule(parts, prompted, numbers) };
}

/** A phone that cannot ask rings for a known client some more, and for all others seldom. */
async function seldom(
  parts: EngineParts,
  { applicant }: Prompted,
  { held, mostKnown, windowMs, rareMs }: { held: HeldPrompts; mostKnown: number; windowMs: number; rareMs: number },
): Promise<PhonePrompt> {
  if (rareMs === 0) return { kind: 'asked', rings: true };
  if (await isKnown(parts, { ...applicant, client: clientOf(parts, applicant) })) {
    const taken = await takePrompt(parts, held, { places: 'known', most: mostKnown, windowMs });
    if ('key' in taken) return { kind: 'asked', rings: true, prompt: taken.key };
  }
  const taken = await takePrompt(parts, held, { places: 'rare', most: 1, windowMs: rareMs });
  if ('key' in taken) return { kind: 'asked', rings: true, prompt: taken.key };
  return { kind: 'limited', retryMs: Math.max(1000, taken.freeAt - parts.clock()) };
}

/** A prompt has rung: with the last one that may be without a yes, nothing rings any more. */
export async function hasRung(parts: EngineParts, prompted: Pick<Prompted, 'applicant' | 'token'>): Promise<void> {
  const { serial } = prompted.token;
  const { most, mutedMs: forMs } = numbersOf(parts, prompted);
  const { unanswered, mutedUntil } = await promptsOf(parts, serial);
  if (most > 0 && unanswered >= most && mutedUntil === undefined)
    await mutePhone(parts, { serial, because: 'unanswered', forMs, ...whomOf(prompted.token) });
}
