import { z } from 'zod';
import { isNetwork } from '../wire/networks.ts';
import { proxyProblem } from '../wire/proxy.ts';

/** One value or a list of values; output is a list. */
export const oneOrMany = <T extends z.ZodType>(value: T) => z.union([value.transform((one) => [one]), z.array(value).min(1)]);

/** A push URL: `https:` except on this machine. */
export const pushUrl = z
  .url({ protocol: /^https?$/, abort: true, error: badUrl })
  .refine(isSafe, 'must begin with https://; plain http is for this machine only');

/** An HTTP proxy: scheme, host and port, perhaps a user and password. */
export const proxyUrl = z
  .url({ protocol: /^https?$/, abort: true, error: badProxy })
  .superRefine((text, context) => {
    const message = proxyProblem(text);
    if (message !== undefined) context.addIssue({ code: 'custom', message });
  })
  .meta({ examples: ['http://proxy.example:3128'] });

/** A network with its prefix length. */
export const networkField = z.string().refine(isNetwork, 'expected a network such as 10.0.0.0/8 or 2001:db8::/32');

/**
 * Seconds as in LinOTP: "5" for both limits, "3,5" for connecting and for the reply.
 * @see docs/protocols/linotp.md 3.1
 */
export const connectRead = z
  .string({ error: 'expected seconds as a text: "5", or "3,5" for connecting and for the reply' })
  .regex(/^\s*\d+(\.\d+)?\s*(,\s*\d+(\.\d+)?\s*)?$/, 'expected seconds, "5", or "3,5" for connecting and for the reply')
  .transform((text) => {
    const [connect = 0, read = connect] = text.split(',').map((part) => Number(part) * 1000);
    return { connectMs: connect, readMs: read };
  })
  .refine(({ connectMs, readMs }) => connectMs > 0 && readMs > 0, 'both must be above zero');

function badUrl({ input }: { input?: unknown }): string {
  if (input === undefined) return 'is missing; give a URL';
  // LinOTP's manual writes lists like this.
  return typeof input === 'string' && input.trimStart().startsWith('[')
    ? 'is a list inside a text; write the list itself, without the quotes around it'
    : 'expected a URL, such as https://push.example.com/path';
}

function badProxy({ input }: { input?: unknown }): string {
  return (typeof input === 'string' ? proxyProblem(input) : undefined) ?? 'expected http://host:port';
}

function isSafe(text: string): boolean {
  const { protocol, hostname } = new URL(text);
  return protocol === 'https:' || ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
}
