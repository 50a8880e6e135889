import { z } from 'zod';
import { GatewayFault, ok, type Result, refused, rejectedReasons, unavailableReasons } from '../../foundation/model/index.ts';
import type { DeliveryOutcome, OpenProvider, ProviderDefinition } from './definition.ts';

/** The version of what plug-ins are handed and must give back. A new first number means that plug-ins have to be looked at. */
export const kitVersion = '1.1.0';

/** The definition of an outside plug-in: it says which kit it was written for, such as `1.1.0`. */
export type OutsideDefinition<Config extends z.ZodType = z.ZodType> = ProviderDefinition<Config> & { kitVersion: string };

const kindName = z.string().regex(/^[A-Za-z0-9._-]{1,64}$/, 'has letters, digits, dot, underscore and dash, 64 at most');
const method = <T>() => z.custom<T>((value) => typeof value === 'function', 'is missing, or no function');

const shape = z.strictObject({
  kitVersion: z.string().regex(/^\d+(\.\d+)*$/, `says which kit it was written for: '${kitVersion}'`),
  kind: kindName,
  aliases: z.array(kindName).default([]),
  addresses: z.array(z.enum(['fcm', 'apns', 'gda', 'webpush', 'none'])).min(1, 'names at least one kind'),
  serverPerAddress: z.boolean().default(false),
  addressesAtOnce: z.boolean().default(false),
  idempotent: z.boolean().default(false),
  config: z.instanceof(z.ZodType, { error: 'is a schema made with kit.z, not with a zod of its own' }),
  needsPolling: method<(config: unknown) => boolean>().optional(),
  open: method<ProviderDefinition['open']>(),
});

/**
 * Reads what an outside plug-in defined, for a catalog that has the `taken` kinds already; or one sentence for each thing that is wrong. What it
 * opens is watched: where it breaks its promises the fault is told as its own.
 */
export function readOutside(value: unknown, taken: readonly string[]): Result<ProviderDefinition, string[]> {
  const parsed = shape.safeParse(value);
  if (!parsed.success) return refused(parsed.error.issues.map(sentenceOf));
  const { kitVersion: writtenFor, needsPolling, open, ...definition } = parsed.data;
  if (majorOf(writtenFor) !== majorOf(kitVersion))
    return refused([`was written for version ${writtenFor} of the kit, this is ${kitVersion}; get a newer one of the two`]);
  const double = [definition.kind, ...definition.aliases].find((kind) => taken.includes(kind));
  if (double !== undefined) return refused([`defines the kind "${double}", which is there already`]);
  return ok({
    ...definition,
    ...(needsPolling && { needsPolling }),
    open: (config, host) => watched(definition.kind, () => open(config, host)),
  });
}

const majorOf = (text: string): string | undefined => text.split('.')[0];

function sentenceOf({ code, path, message, ...issue }: z.core.$ZodIssue): string {
  if (code === 'unrecognized_keys' && 'keys' in issue) return `has "${issue.keys.join('", "')}", which is unknown`;
  return path.length === 0
    ? 'gives no definition; it returns kit.defineProvider({ … })'
    : `has no good ${path.map(String).join('.')}: ${message}`;
}

async function watched(kind: string, open: () => OpenProvider | Promise<OpenProvider>): Promise<OpenProvider> {
  const provider = await opened(kind, open);
  const missing = (['deliver', 'check', 'expires', 'close'] as const).filter((name) => typeof provider?.[name] !== 'function');
  if (missing.length > 0)
    throw new GatewayFault('config-invalid', `The plug-in for ${kind} opened a provider without ${missing.join(', ')}.`);
  if (!Array.isArray(await opened(kind, () => provider.expires())))
    throw new GatewayFault('config-invalid', `The plug-in for ${kind} opened a provider whose expires() gives no list.`);
  return {
    async deliver(push, signal) {
      const outcome = await provider.deliver(push, signal);
      return isOutcome(outcome) ? outcome : { kind: 'unavailable', reason: 'defect', detail: 'the plug-in gave no outcome that we know' };
    },
    check: (signal) => provider.check(signal),
    expires: () => provider.expires(),
    close: () => provider.close(),
  };
}

async function opened<Opened>(kind: string, open: () => Opened | Promise<Opened>): Promise<Opened> {
  try {
    return await open();
  } catch (error) {
    if (error instanceof GatewayFault) throw error;
    const message = error instanceof Error ? error.message : String(error);
    throw new GatewayFault('config-invalid', `The plug-in for ${kind} could not open a provider (${message}).`, error);
  }
}

const reasons: Readonly<Record<DeliveryOutcome['kind'], readonly unknown[]>> = {
  sent: [undefined, 'poll'],
  rejected: rejectedReasons,
  unavailable: unavailableReasons.filter((reason) => reason !== 'circuit-open'),
};

/** An outsider's outcome is believed only where it is one of ours: metrics and the trail count by it. */
const isOutcome = (outcome: DeliveryOutcome): boolean =>
  outcome && Object.hasOwn(reasons, outcome.kind) && reasons[outcome.kind].includes(outcome.reason);
