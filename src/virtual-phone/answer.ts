import { takesReason } from './capabilities.ts';
import type { PushRequest } from './challenge.ts';
import type { Fields, Reply } from './exchange.ts';
import { done, no, type Outcome } from './outcome.ts';
import { signText } from './signature.ts';

/** The user's verdict: accept or decline, the tapped option, and the decline reason. */
export type Verdict = { decline: boolean; option?: string | undefined; reason?: string | undefined };

/**
 * The result of a well-formed answer. `value` is the server's judgement (the real app ignores it and shows success);
 * `displayCode` and `message` are shown to the user; `reason` is the decline reason that was sent.
 */
export type Answered = { value: unknown; displayCode?: string; message?: string; reason?: string };

/**
 * The verdict as the app would send it. Omits a reason that the server's signed capabilities do not include, as the app
 * does. Refuses an answer from `expiresAt` on, a missing option, and one that was not shown.
 */
export function fittingVerdict(request: PushRequest, verdict: Verdict, now: number): Outcome<Verdict> {
  if (now >= request.expiresAt) return no('the request is over: the phone shows it for 2 minutes');
  const { decline, option, reason } = verdict;
  const options = request.ask.kind === 'choice' ? request.ask.options : [];
  if (option !== undefined && !options.includes(option))
    return no(`"${option}" is not among the options shown (${options.join(', ') || 'none'})`);
  if (!decline && option === undefined && request.ask.kind === 'choice')
    return no(`one of the options has to be chosen: ${options.join(', ')}`);
  return done({ decline, option, ...(decline && reason && takesReason(request.capabilities, reason) && { reason }) });
}

/**
 * The signed form of an answer. The signed text is `nonce|serial`, then `decline`, the reason and the option, if
 * present.
 * @see docs/protocols/privacyidea.md 5.1
 */
export function answerForm(
  privateKey: string,
  { nonce, serial }: { nonce: string; serial: string },
  verdict: Verdict,
): Record<string, string> {
  const { decline, reason = '', option } = verdict;
  const signedReason = decline && reason !== '' ? [reason] : [];
  const signed = [nonce, serial, ...(decline ? ['decline'] : []), ...signedReason, ...(option === undefined ? [] : [option])].join('|');
  return {
    serial,
    nonce,
    ...(decline && { decline: '1' }),
    ...(signedReason.length > 0 && { decline_reason: reason }),
    ...(option !== undefined && { presence_answer: option }),
    signature: signText(privateKey, signed),
  };
}

/** The same as JSON for the app that sends JSON: without reasons and options, and always with `decline`. */
export function answerJson(privateKey: string, { nonce, serial }: { nonce: string; serial: string }, { decline }: Verdict): Fields {
  const { signature = '' } = answerForm(privateKey, { nonce, serial }, { decline });
  return { nonce, serial, signature, decline: decline ? 1 : 0 };
}

/** The visible part of the reply. `display_code` must be a text, and `message` counts only beside it. */
export function readAnswered({ value, detail }: Reply, { reason }: Verdict): Answered {
  const { display_code: displayCode, message } = detail;
  return {
    value,
    ...(typeof displayCode === 'string' && { displayCode, ...(typeof message === 'string' && { message }) }),
    ...(reason !== undefined && { reason }),
  };
}
