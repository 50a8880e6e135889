import type { Delivered } from '../../../engine/index.ts';
import type { PushToken, Transaction } from '../../../foundation/model/index.ts';

/** What the user is told while the phone is being asked. */
export const confirmText = 'Please confirm the authentication on your mobile device!';
/** Added where the push did not go out but the phone may come and ask. */
export const pollHint = ' Use the polling feature of your privacyIDEA Authenticator App to check for a new Login request.';

/** One transaction that was issued and delivered; `message` is the text for this push token's user. */
export type IssuedChallenges = {
  transaction: Transaction;
  tokens: readonly PushToken[];
  delivered: readonly Delivered[];
  messageFor: (token: PushToken) => string;
};

const clientModes = ['interactive', 'webauthn', 'poll'];

/**
 * The `detail` of a reply that opens a challenge: one entry per push token, the last one's fields repeated at the top.
 * @see docs/protocols/privacyidea.md 6.1
 */
export function challengeDetail(
  { transaction, tokens, delivered, messageFor }: IssuedChallenges,
  preferred: readonly string[] = clientModes,
): Record<string, unknown> {
  const entries = tokens.map((token) => {
    const push = delivered.find(({ serial }) => serial === token.serial);
    const hint = push && !push.sent && push.pollable ? pollHint : '';
    return {
      attributes: { hideResponseInput: true },
      client_mode: 'poll',
      message: `${messageFor(token)}${hint}`,
      serial: token.serial,
      transaction_id: transaction.id,
      type: token.type,
    };
  });
  const messages = entries.map(({ message }) => message);
  return {
    ...entries.at(-1),
    message: [...new Set(messages)].join(', '),
    messages,
    multi_challenge: entries,
    preferred_client_mode: preferred.find((mode) => mode === 'poll') ?? 'interactive',
    transaction_ids: entries.map(() => transaction.id),
  };
}
