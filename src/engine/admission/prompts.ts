import type { Challenge, PushToken } from '../../foundation/model/index.ts';
import { pushLimit } from '../../policy/index.ts';
import { factsOf } from '../facts.ts';
import { type CountedPrompts, mutePhone, promptsOf, takePrompt } from '../limits/index.ts';
import { type Applicant, type EngineParts, ownerNames } from '../parts.ts';
import { clientOf, isKnown } from '../people/known-clients.ts';

/** A phone to prompt for a login. */
export type Prompted = {
  applicant: Applicant;
  token: PushToken;
  /** A provider could ring the phone. */
  canRing: boolean;
  mayPoll: boolean;
};

/** How to prompt a phone: fields of its challenge. `limited`: it can only ring, and must not for `retryMs`. */
export type PhonePrompt = ({ kind: 'asked' } & Pick<Challenge, 'rings' | 'prompt' | 'report'>) | { kind: 'limited'; retryMs: number };

/** The limits for a phone, times in ms. */
function limitsOf(parts: EngineParts, { applicant: { asker }, token }: Pick<Prompted, 'applicant' | 'token'>) {
  const facts = factsOf(parts, asker, token.owner, token);
  const value = (limit: Parameters<typeof pushLimit>[1]): number => pushLimit(parts.policy, limit, facts);
  return {
    most: value('push_prompts_without_accept'),
    windowMs: value('push_prompts_window_seconds') * 1000,
    mutedMs: value('push_pull_only_seconds') * 1000,
    maxKnown: value('push_prompts_known_client'),
    rareMs: value('push_prompts_rare_seconds') * 1000,
  };
}

type Limits = ReturnType<typeof limitsOf>;

/** The consequences of a report by this phone's user; empty without any. */
function reportRule(parts: EngineParts, prompted: Prompted, { most, mutedMs }: Limits): Pick<Challenge, 'report'> {
  const { policy } = parts;
  const facts = factsOf(parts, prompted.applicant.asker, prompted.token.owner, prompted.token);
  const report = {
    mutedMs: prompted.canRing && most > 0 ? mutedMs : 0,
    disables: policy.value('push_not_me_disables', facts) ?? false,
    bareCounts: policy.value('push_bare_decline_is_fraud', facts) ?? false,
  };
  return report.mutedMs > 0 || report.disables || report.bareCounts ? { report } : {};
}

/** Decides how to prompt a phone for one more login: whether it may ring, and the consequences of a report. */
export async function phonePrompt(parts: EngineParts, prompted: Prompted): Promise<PhonePrompt> {
  const limits = limitsOf(parts, prompted);
  const ringing = await ringingOf(parts, prompted, limits);
  return ringing.kind === 'limited' ? ringing : { ...ringing, ...reportRule(parts, prompted, limits) };
}

/**
 * Decides whether a phone may ring once more. The prompt is counted before it is sent, so that a burst of logins cannot
 * pass the limit.
 */
async function ringingOf(parts: EngineParts, prompted: Prompted, limits: Limits): Promise<PhonePrompt> {
  const { token, canRing, mayPoll } = prompted;
  if (!canRing) return { kind: 'asked' };
  const { most, windowMs, mutedMs: forMs } = limits;
  if (most === 0) return { kind: 'asked', rings: true };
  const held = await promptsOf(parts, token.serial);
  if (held.mutedUntil === undefined) {
    const taken = await takePrompt(parts, held, { places: 'usual', most, windowMs });
    if ('key' in taken) return { kind: 'asked', rings: true, prompt: taken.key };
    await mutePhone(parts, { serial: token.serial, because: 'unanswered', forMs, ...ownerNames(token) });
  }
  return mayPoll ? { kind: 'asked', rings: false } : rarePrompt(parts, prompted, { held, ...limits });
}

/** Decides how to prompt a phone for a quiet login: a phone that may poll does not ring. */
export async function quietPrompt(parts: EngineParts, prompted: Prompted): Promise<PhonePrompt> {
  const limits = limitsOf(parts, prompted);
  const { token, canRing, mayPoll } = prompted;
  const ringing: PhonePrompt =
    mayPoll || !canRing
      ? { kind: 'asked', ...(canRing ? { rings: false } : {}) }
      : await rarePrompt(parts, prompted, { held: await promptsOf(parts, token.serial), ...limits });
  return ringing.kind === 'limited' ? ringing : { ...ringing, ...reportRule(parts, prompted, limits) };
}

/** For a muted phone that cannot poll: some more rings for known clients, and rare ones for all others. */
async function rarePrompt(
  parts: EngineParts,
  { applicant }: Prompted,
  { held, maxKnown, windowMs, rareMs }: { held: CountedPrompts; maxKnown: number; windowMs: number; rareMs: number },
): Promise<PhonePrompt> {
  if (rareMs === 0) return { kind: 'asked', rings: true };
  if (await isKnown(parts, { ...applicant, client: clientOf(parts, applicant) })) {
    const taken = await takePrompt(parts, held, { places: 'known', most: maxKnown, windowMs });
    if ('key' in taken) return { kind: 'asked', rings: true, prompt: taken.key };
  }
  const taken = await takePrompt(parts, held, { places: 'rare', most: 1, windowMs: rareMs });
  if ('key' in taken) return { kind: 'asked', rings: true, prompt: taken.key };
  return { kind: 'limited', retryMs: Math.max(1000, taken.freeAt - parts.clock()) };
}

/** Records that a prompt rang; after the last one allowed without an accept, the phone is muted. */
export async function recordRing(parts: EngineParts, prompted: Pick<Prompted, 'applicant' | 'token'>): Promise<void> {
  const { serial } = prompted.token;
  const { most, mutedMs: forMs } = limitsOf(parts, prompted);
  const { unanswered, mutedUntil } = await promptsOf(parts, serial);
  if (most > 0 && unanswered >= most && mutedUntil === undefined)
    await mutePhone(parts, { serial, because: 'unanswered', forMs, ...ownerNames(prompted.token) });
}
