import type { Delivered } from '../../../../engine/index.ts';
import type { Challenge, ChallengeMode, PushToken, Transaction } from '../../../../foundation/model/index.ts';
import type { FlavourRules } from '../flavour.ts';

/** The default texts for users. @see docs/protocols/privacyidea.md 6.1 */
export const usualTexts: Record<ChallengeMode, string> = {
  confirm: 'Please confirm the authentication on your mobile device!',
  presence: 'Please confirm the authentication on your mobile device!',
  code: 'Please enter the code displayed on your smartphone.',
};
/**
 * An issued and delivered transaction. `textFor` is the policies' text for a push token, if any; `typeFor` the token
 * type to show to clients.
 */
export type IssuedChallenges = {
  transaction: Transaction;
  tokens: readonly PushToken[];
  delivered: readonly Delivered[];
  textFor: (token: PushToken) => string | undefined;
  typeFor: (token: PushToken) => string;
  rules: FlavourRules;
};

/** The policies' header and footer around the texts of a challenge. */
export type MessageFrame = { header?: string | undefined; footer?: string | undefined };

/**
 * The `detail` of a reply with a challenge: one entry per push token, and the last one's fields repeated at the top.
 * @see docs/protocols/privacyidea.md 6.1
 */
export function challengeDetail(
  issued: IssuedChallenges,
  preferred: readonly string[] = issued.rules.clientModes,
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
    message: withFrame(messages, frame, issued.rules.join),
    messages,
    multi_challenge: entries,
    preferred_client_mode: preferred.find((mode) => modes.includes(mode)) ?? 'interactive',
    transaction_ids: entries.map(() => issued.transaction.id),
  };
}

function entryOf(
  { transaction, delivered, textFor, typeFor, rules }: IssuedChallenges,
  token: PushToken,
  { mode, rightOption }: Challenge,
) {
  const push = delivered.find(({ serial }) => serial === token.serial);
  const hint = push && !push.sent && push.pollable ? rules.pollHint : '';
  const isTyped = mode === 'code';
  return {
    attributes: { hideResponseInput: !isTyped },
    client_mode: isTyped ? 'interactive' : 'poll',
    message: `${withOption(textFor(token) ?? usualTexts[mode], rightOption)}${hint}`,
    presence_answer: rightOption,
    serial: token.serial,
    transaction_id: transaction.id,
    type: typeFor(token),
  };
}

/**
 * Joins the texts: without a header in their order, with one sorted, and as list items when the header opens a list.
 */
function withFrame(messages: readonly string[], { header, footer = '' }: MessageFrame, join: FlavourRules['join']): string {
  if (header === undefined) return join(messages);
  const sorted = [...new Set(messages)].sort();
  const body = /<[ou]l>$/i.test(header) ? sorted.map((message) => `<li>${message}</li>\n`).join('') : `\n${sorted.join(', ')}\n`;
  return `${header}${body}${footer}`;
}

/** Names the option to press: at the text's tag for it, else at its end. */
function withOption(text: string, option: string | undefined): string {
  const tag = '{presence_answer}';
  if (option === undefined) return text.replaceAll(tag, '');
  return text.includes(tag) ? text.replaceAll(tag, option) : `${text} Please press: ${option}`;
}
