import { z } from 'zod';
import type { Devices } from './devices.ts';
import type { Fake, FakeAnswer, FakeReply } from './exchange.ts';
import { recordOf } from './jwt.ts';

/** The memory of a challenge service; instances with a common memory are one service behind several URLs. */
export type ChallengeMemory = Map<string, string>;

/** The parts of one instance. */
export type ChallengeServiceOptions = { memory: ChallengeMemory; devices: Devices };

/** The body that LinOTP posts. @see docs/protocols/linotp.md 3.2 */
const Body = z.strictObject({
  challenge: z.strictObject({
    transactionId: z.string().regex(/^\d{12,17}(?:\.\d{2})?$/),
    gda: z.string().min(1).max(4096),
    challenge: z.string().min(1).max(65_536),
  }),
});

/**
 * A challenge service: `POST /v1/challenge`. A repeated challenge is accepted again but delivered once; another one
 * with the same transaction id is a conflict. A refusal has its reason in the reason phrase, the only part that LinOTP
 * reads.
 * @see docs/protocols/linotp.md 3.2, 3.3
 */
export function openChallengeService({ memory, devices }: ChallengeServiceOptions): Fake {
  return {
    name: 'challenge-service',
    aimOf: ({ body }) => ({ endpoint: 'send', address: addressIn(body) }),
    answer({ method, path, headers, body }) {
      if (path !== '/v1/challenge') return refuse(404, 'Not Found');
      if (method !== 'POST') return refuse(405, 'Method Not Allowed');
      if (!/^application\/json\s*(?:;|$)/i.test(headers['content-type'] ?? '')) return refuse(415, 'Expected application/json');
      const read = Body.safeParse(recordOf(body));
      if (!read.success) return refuse(400, problemOf(read.error));
      const { transactionId, gda, challenge } = read.data.challenge;
      if (devices.find(gda)?.unregisteredSince !== undefined) return refuse(404, 'Unknown device');
      const content = JSON.stringify([gda, challenge]);
      const before = memory.get(transactionId);
      if (before !== undefined && before !== content) return refuse(409, 'Another challenge has this transactionId');
      memory.set(transactionId, content);
      const taken = { address: gda, id: transactionId, headers: {}, payload: challenge };
      return before === undefined ? { reply: plain(200, 'OK'), what: 'sent', taken } : { reply: plain(200, 'OK'), what: 'sent before' };
    },
    failure: ({ reason }, status) => plain(status, reason ?? usualReasons[status] ?? 'Told to fail'),
  };
}

function addressIn(body: string): string | undefined {
  const read = z.looseObject({ challenge: z.looseObject({ gda: z.string() }) }).safeParse(recordOf(body));
  return read.success ? read.data.challenge.gda : undefined;
}

/** Names the first wrong field, never its value. */
function problemOf({ issues: [issue] }: z.ZodError): string {
  const field = issue?.path.join('.') || 'body';
  return issue?.code === 'unrecognized_keys' ? `Unknown field in ${field}` : `Missing or wrong: ${field}`;
}

const refuse = (status: number, reason: string): FakeAnswer => ({ reply: plain(status, reason), what: reason });
const plain = (status: number, reason: string): FakeReply => ({
  status,
  reason,
  headers: { 'content-type': 'text/plain; charset=utf-8' },
  body: `${reason}\n`,
});

const usualReasons: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
};
