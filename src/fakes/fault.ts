import { z } from 'zod';

/** The names of the fakes. `apns` is production. */
export const fakeNames = ['fcm', 'apns', 'apns-sandbox', 'challenge-service'] as const;
/** The name of a fake. */
export type FakeName = (typeof fakeNames)[number];

const effects = {
  status: z.int().min(400).max(599).optional().describe('answer with this HTTP status'),
  reason: z
    .string()
    .regex(/^[ -~]{1,200}$/)
    .optional()
    .describe("the service's own code for it"),
  delayMs: z.int().min(0).max(600_000).optional().describe('wait before anything else'),
  hang: z.boolean().optional().describe('never answer'),
  reset: z.boolean().optional().describe('cut the connection'),
  goaway: z.boolean().optional().describe('refuse the connection before reading the request (HTTP/1.1: close after the answer)'),
  slowBody: z.int().min(1).max(60_000).optional().describe('milliseconds before each byte of the body'),
  retryAfter: z.int().min(0).max(86_400).optional().describe('Retry-After, in seconds'),
};

const Effects = z.strictObject(effects);

const ends = ['status', 'hang', 'reset', 'goaway'] as const;
const isOne = (effect: z.output<typeof Effects>): boolean => ends.filter((end) => effect[end]).length <= 1;
const isSomething = (effect: z.output<typeof Effects>): boolean =>
  Boolean(effect.delayMs ?? effect.slowBody) || ends.some((end) => effect[end]);

/**
 * A fault in a control call. `match` is the device address, with `*` as a wildcard; without it, the fault applies to
 * every request. `times`: how often it applies; by default until it is removed.
 */
export const Fault = z
  .strictObject({
    fake: z.enum(fakeNames).optional(),
    endpoint: z.enum(['send', 'token']).default('send').describe('token: the OAuth endpoint of FCM'),
    match: z.string().optional(),
    times: z.int().min(1).optional(),
    ...effects,
  })
  .refine(isSomething, 'has no effect: give status, hang, reset, goaway, delayMs or slowBody')
  .refine(isOne, 'give only one of status, hang, reset and goaway');
/** A parsed fault. */
export type Fault = z.output<typeof Fault>;
/** A fault before parsing. */
export type FaultInput = z.input<typeof Fault>;

const prefix = 'fault:';
const unreadable: Fault = { endpoint: 'send', status: 400, reason: 'unreadable fault address' };

/**
 * The fault that a device address itself requests: `fault:status=503,retryAfter=7`, `fault:hang`. The names are those
 * of the control call; a name without `=` is `true`. Where addresses must be hex (APNs), the same text in hex.
 * Undefined for an ordinary address.
 */
export function faultOfAddress(address: string): Fault | undefined {
  const text = address.startsWith(prefix) ? address : unhex(address);
  if (!text.startsWith(prefix)) return undefined;
  const pairs = text.slice(prefix.length).split(',').map(readPair);
  const read = Effects.refine(isSomething).refine(isOne).safeParse(Object.fromEntries(pairs));
  return read.success ? { endpoint: 'send', ...read.data } : unreadable;
}

/** A fault address in hex with the length of a real device's: 64 digits, or more if needed. */
export const hexAddress = (address: string): string => Buffer.from(address.padEnd(32)).toString('hex');

function readPair(pair: string): [string, unknown] {
  const [name = '', value] = pair.split('=', 2).map((part) => part.trim());
  if (value === undefined) return [name, true];
  return [name, name !== 'reason' && /^\d+$/.test(value) ? Number(value) : value];
}

const unhex = (text: string): string => (/^(?:[0-9a-f]{2})+$/i.test(text) ? Buffer.from(text, 'hex').toString('latin1').trimEnd() : '');
