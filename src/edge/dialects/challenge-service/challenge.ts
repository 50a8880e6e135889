import type { Context } from 'koa';
import { z } from 'zod';
import type { LoginRefusal, RelayReply } from '../../../engine/index.ts';
import { askerFor, authServerOf, bodyOf, type ChallengeServiceParts, parsed } from './parts.ts';
import { ChallengeServiceFault, NobodyTakesIt, reply } from './replies.ts';

/** The body that LinOTP posts; further keys are ignored. */
export const ChallengeBody = z.looseObject({
  challenge: z.looseObject({
    transactionId: z.string().regex(/^\d{12,17}(?:\.\d{2})?$/),
    gda: z.string().min(1).max(1024),
    challenge: z.string().min(1).max(49_152),
  }),
});

/**
 * `POST /v1/challenge`: delivers an auth server's challenge to one of its phones. 2xx only if a provider took it or the
 * phone polls.
 * @see docs/protocols/linotp.md 3.2, 15
 */
export async function postChallenge(parts: ChallengeServiceParts, ctx: Context): Promise<void> {
  const body = await bodyOf(ctx);
  const { server, showed } = await authServerOf(parts, ctx);
  const { transactionId, gda, challenge } = parsed(body, ChallengeBody).challenge;
  const asker = askerFor(parts, ctx, server.name);
  const to = { kind: 'device', gda } as const;
  const validity = { leastMs: minValidityMs };
  tell(ctx, await parts.engine.relay.deliver({ asker, showed, transactionId, to, payload: challenge, validity }));
}

/** LinOTP waits at least this long for its phones. */
const minValidityMs = 150_000;

/** Refusals of admission in the words of this dialect. */
const refusals: Record<LoginRefusal['kind'], string> = {
  denied: 'No policy allows this challenge',
  'no-credential': 'A credential of this auth server is needed',
  'too-often': 'No policy allows so many challenges',
  limited: 'Too many challenges wait for this phone',
};

function later(ctx: Context, ms: number): void {
  const seconds = Math.ceil(ms / 1000);
  ctx.set('retry-after', String(seconds));
  reply(ctx, 429, `This phone was sent as many challenges as policies allow; the next one in ${seconds} s`);
}

function tell(ctx: Context, relayed: RelayReply): void {
  switch (relayed.kind) {
    case 'sent':
      reply(ctx, 200);
      break;
    case 'queued':
      reply(ctx, 202, 'Waiting for the phone to ask');
      break;
    case 'unknown-gda':
      throw new ChallengeServiceFault(404, 'Unknown gda');
    case 'dead-address':
      throw new ChallengeServiceFault(410, 'The device address of this gda is dead');
    case 'refused':
      throw new ChallengeServiceFault(403, refusals[relayed.refusal.kind]);
    case 'conflict':
      throw new ChallengeServiceFault(409, 'Another challenge has this transactionId');
    case 'limited':
      later(ctx, relayed.retryMs);
      break;
    case 'failed': {
      const reason = `No provider took the push${relayed.reason === '' ? '' : ` (${relayed.reason})`}`;
      throw relayed.isDown ? new NobodyTakesIt(reason) : new ChallengeServiceFault(503, reason);
    }
    default:
      relayed satisfies never;
  }
}
