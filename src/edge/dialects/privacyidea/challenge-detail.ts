import type { Delivered } from '../../../engine/index.ts';
import type { Challenge, ChallengeMode, PushToken, Transaction } from '../../../foundation/model/index.ts';

/** What the user is told where no policy says otherwise. @see docs/protocols/privacyidea.md 6.1 */
export const usualTexts: Record<ChallengeMode, string> = {
  confirm: 'Please confirm the authentication on your mobile device!',
  presence: 'Please confirm the authentication on your mobile device!',
  code: 'Please enter the code displayed on your smartphone.',
};
/** Added where the push did not go out but the phone may come and ask. */
export const pollHint = ' Use the polling feature of your privacyIDEA Authenticator App to check for a new Login request.';

/** One transaction that was issued and delivered; `textFor` is the text of the policies for this push token's user, if they have one. */
export type IssuedChallenges = {
  transaction: Transaction;
  tokens: readonly PushToken[];
  delivered: readonly Delivered[];
  textFor: (token: PushToken) => string | undefined;
};

/** What policies put around the texts of a challenge. */
export type MessageFrame = { header?: string | undefined; footer?: string | undefined };

const clientModes = ['interactive', 'webauthn', 'poll'];

/**
 * The `detail` of a reply that opens a challenge: one entry per push token, the last one's fields repeated at the top.
 * @see docs/protocols/privacyidea.md 6.1
 */
export function challengeDetail(
  issued: IssuedChallenges,
  preferred: readonly string[] = clientModes,
  frame: MessageFrame = {},
): Record<string, unknown> {
  const entries = issued.tokens.flatMap((token) => {
    const challenge = issued.transaction.decision.challenges.find(({ serial }) => serial === token.serial);
    return challenge ? [entryOf(issued, token, challenge)] : [];
  });
  const messages = entries.map(({ message }) => message);
  const modes: string[] = entries.map((entry) => entry.client_mode);
  return {
    ...entries.at(-1),
    message: framed(messages, frame),
    messages,
    multi_challenge: entries,
    preferred_client_mode: preferred.find((mode) => modes.includes(mode)) ?? 'interactive',
    transaction_ids: entries.map(() => issued.transaction.id),
  };
}

function entryOf({ transaction, delivered, textFor }: IssuedChallenges, token: PushToken, { mode, rightOption }: Challenge) {
  const push = delivered.find(({ serial }) => serial === token.serial);
  const hint = push && !push.sent && push.pollable ? pollHint : '';
  const isTyped = mode === 'code';
  return {
    attributes: { hideResponseInput: !isTyped },
    client_mode: isTyped ? 'interactive' : 'poll',
    message: `${withOption(textFor(token) ?? usualTexts[mode], rightOption)}${hint}`,
    ...(rightOption === undefined ? {} : { presence_answer: rightOption }),
    serial: token.serial,
    transaction_id: transaction.id,
    type: token.type,
  };
}

/** The different texts as one: in their order without a header, sorted behind one, as a list where the header opens one. */
function framed(messages: readonly string[], { header, footer = '' }: MessageFrame): string {
  const different = [...new Set(messages)];
  if (header === undefined) return different.join(', ');
  const sorted = different.sort();
  const body = /<[ou]l>$/i.test(header) ? sorted.map((message) => `<li>${message}</li>\n`).join('') : `\n${sorted.join(', ')}\n`;
  return `${header}${body}${footer}`;
}

/** Says which option to press: where the text has the tag for it, else at its end. */
function withOption(text: string, option: string | undefined): string {
  const tag = '{presence_answer}';
  if (option === undefined) return text.replaceAll(tag, '');
  return text.includes(tag) ? text.replaceAll(tag, option) : `${text} Please press: ${option}`;
}
