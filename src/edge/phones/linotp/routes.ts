import type { Context } from 'koa';
import type { Engine } from '../../../engine/index.ts';
import { failsWith, type LinotpProduct, readLinotpRequest, sendLinotp } from '../../formats/linotp/index.ts';
import { type GuardedPattern, mute, type Route } from '../../http/index.ts';
import { readPairingResponse } from './pairing-response.ts';
import type { Linotp } from './protocol.ts';
import type { AnswerWord } from './signature.ts';

/** The parts of the phone routes. */
export type LinotpPhoneParts = { engine: Engine; linotp: Linotp; clientAddress: (ctx: Context) => string; product: LinotpProduct };

const methods = ['POST', 'GET'] as const;

/** The routes for phones of this protocol. */
export const linotpPhonePatterns: readonly GuardedPattern[] = [
  { methods, path: '/validate/pair', needs: 'phone' },
  { methods, path: '/validate/accept_transaction', needs: 'phone' },
  { methods, path: '/validate/reject_transaction', needs: 'phone' },
];

/** Pairing and answers of LinOTP phones. Refusals carry no reason. @see docs/protocols/linotp.md 7.3, 9 */
export function linotpPhoneRoutes(parts: LinotpPhoneParts): Route[] {
  const handlers: readonly Route['handle'][] = [
    (ctx) => pair(parts, ctx),
    (ctx) => answer(parts, ctx, 'ACCEPT'),
    (ctx) => answer(parts, ctx, 'DENY'),
  ];
  return linotpPhonePatterns.flatMap((pattern, index) => {
    const handle = handlers[index];
    return handle ? [{ ...pattern, handle }] : [];
  });
}

async function pair({ engine, linotp, clientAddress, product }: LinotpPhoneParts, ctx: Context): Promise<void> {
  const failure = { id: 0, status: false, value: false } as const;
  failsWith(ctx, failure);
  const params = await readLinotpRequest(ctx);
  const response = readPairingResponse(params.required('pairing_response'));
  const reply = response.ok ? await engine.tokens.pair(linotp, { message: response.value, source: clientAddress(ctx) }) : 'refused';
  if (reply === 'turned-away') mute(ctx);
  // LinOTP's success reply also has the value false.
  sendLinotp(ctx, product, reply === 'refused' || reply === 'turned-away' ? failure : { id: 1, value: false });
}

async function answer({ engine, linotp, clientAddress, product }: LinotpPhoneParts, ctx: Context, word: AnswerWord): Promise<void> {
  failsWith(ctx, { id: 0, value: false });
  const params = await readLinotpRequest(ctx);
  const transactionId = params.required('transactionid');
  const signature = params.required('signature');
  const reply = await engine.challenges.answerByHandle(linotp, {
    handles: handlesOf(transactionId),
    answer: { transactionId, word, signature },
    source: clientAddress(ctx),
  });
  if (reply.kind === 'turned-away') mute(ctx);
  // A repeated answer changes nothing; LinOTP's reply to it is false.
  sendLinotp(ctx, product, { id: 1, value: reply.kind === 'taken' });
}

const idForm = /^\d{1,20}(?:\.\d{2})?$/;

/** The handles that an id can mean: a challenge, or the first challenge of a transaction. Empty for an invalid id. */
function handlesOf(transactionId: string): string[] {
  if (!idForm.test(transactionId)) return [];
  return transactionId.includes('.') ? [transactionId] : [transactionId, `${transactionId}.01`];
}
