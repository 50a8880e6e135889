import { z } from 'zod';
import type { RestCall } from './endpoint.ts';
import type { RestParts } from './parts.ts';
import { RestProblem } from './problems.ts';

/** An idempotency key. @see https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header */
export const idempotencyKey = z.string().regex(/^[\x21-\x7e]{1,255}$/, 'has 1 to 255 printable ASCII characters, without spaces');

/** The header of a request that may be sent again. */
export const idempotencyHeaders = z.object({
  'idempotency-key': idempotencyKey
    .optional()
    .describe('A key of your choice for this request. Sent again within 24 hours, it gets the same object and does nothing else.'),
});

/** The refusals of a repeatable request. */
export const idempotencyProblems = ['key-reused', 'under-way'] as const;

/** The object that a request made, and whether an earlier one with the same key made it. */
export type Made = { id: string; isRepeated: boolean };

/** Makes an object once for each idempotency key of the auth server; each time for a request without a key. */
export async function makeOnce(
  { engine }: RestParts,
  { caller, body, headers }: Pick<RestCall<unknown, unknown, z.output<typeof idempotencyHeaders>>, 'caller' | 'body' | 'headers'>,
  make: () => Promise<string>,
): Promise<Made> {
  const key = headers['idempotency-key'];
  if (key === undefined) return { id: await make(), isRepeated: false };
  const made = await engine.once({ authServer: caller.server.name, key, digest: JSON.stringify(body) }, make);
  switch (made.kind) {
    case 'done':
      return { id: made.resource, isRepeated: made.isRepeated };
    case 'conflict':
      throw new RestProblem('key-reused', 'This idempotency key belongs to a request with another body.', { id: made.resource });
    case 'under-way':
      throw new RestProblem('under-way', 'The first request with this idempotency key has not ended.', { retryAfterSeconds: 1 });
    default:
      return made satisfies never;
  }
}
