import { z } from 'zod';
import { GatewayFault, ok, type Result, refused, rejectedReasons, unavailableReasons } from '../../foundation/model/index.ts';
import type { DeliveryOutcome, OpenProvider, ProviderDefinition } from './definition.ts';

/** The version of the contract between kit and plug-ins. A new major version means that plug-ins need a review. */
export const kitVersion = '1.1.0';

/** The definition of an outside plug-in, with the kit version that it was written for, such as `1.1.0`. */
export type OutsideDefinition<Config extends z.ZodType = z.ZodType> = ProviderDefinition<Config> & { kitVersion: string };

const kindName = z.string().regex(/^[A-Za-z0-9._-]{1,64}$/, 'must have at most 64 letters, digits, dots, underscores and dashes');
const method = <T>() => z.custom<T>((value) => typeof value === 'function', 'must be a function');

const shape = z.strictObject({
  kitVersion: z.string().regex(/^\d+(\.\d+)*$/, `must name the kit version it was written for: '${kitVersion}'`),
  kind: kindName,
  aliases: z.array(kindName).default([]),
  addresses: z.array(z.enum(['fcm', 'apns', 'gda', 'webpush', 'none'])).min(1, 'must name at least one address kind'),
  serverPerAddress: z.boolean().default(false),
  addressesAtOnce: z.boolean().default(false),
  idempotent: z.boolean().default(false),
  config: z.instanceof(z.ZodType, { error: 'must be a schema of kit.z, not of another copy of zod' }),
  needsPolling: method<(config: unknown) => boolean>().optional(),
  open: method<ProviderDefinition['open']>(),
});

/**
 * Reads the definition of an outside plug-in, for a catalog that already has the `taken` kinds. Refuses with one
 * sentence per problem. Errors and results of the provider that it opens are checked, and faults are blamed on the
 * plug-in.
 */
export function readOutside(value: unknown, taken: readonly string[]): Result<ProviderDefinition, string[]> {
  const parsed = shape.safeParse(value);
  if (!parsed.success) return refused(parsed.error.issues.map(sentenceOf));
  const { kitVersion: writtenFor, needsPolling, open, ...definition } = parsed.data;
  if (majorOf(writtenFor) !== majorOf(kitVersion))
    return refused([`was written for kit version ${writtenFor}, but this pushgate has ${kitVersion}; update the older of the two`]);
  const duplicate = [definition.kind, ...definition.aliases].find((kind) => taken.includes(kind));
  if (duplicate !== undefined) return refused([`defines the kind "${duplicate}", which exists already`]);
  return ok({
    ...definition,
    ...(needsPolling && { needsPolling }),
    open: (config, host) => openChecked(definition.kind, () => open(config, host)),
  });
}

const majorOf = (text: string): string | undefined => text.split('.')[0];

function sentenceOf({ code, path, message, ...issue }: z.core.$ZodIssue): string {
  if (code === 'unrecognized_keys' && 'keys' in issue) return `has the unknown key "${issue.keys.join('", "')}"`;
  return path.length === 0
    ? 'returns no definition; return kit.defineProvider({ … })'
    : `has an invalid ${path.map(String).join('.')}: ${message}`;
}

async function openChecked(kind: string, open: () => OpenProvider | Promise<OpenProvider>): Promise<OpenProvider> {
  const provider = await opened(kind, open);
  const missing = (['deliver', 'check', 'expires', 'close'] as const).filter((name) => typeof provider?.[name] !== 'function');
  if (missing.length > 0)
    throw new GatewayFault('config-invalid', `The plug-in for ${kind} opened a provider without ${missing.join(', ')}.`);
  if (!Array.isArray(await opened(kind, () => provider.expires())))
    throw new GatewayFault('config-invalid', `The plug-in for ${kind} opened a provider whose expires() returns no list.`);
  return {
    async deliver(push, signal) {
      const outcome = await provider.deliver(push, signal);
      return isOutcome(outcome) ? outcome : { kind: 'unavailable', reason: 'defect', detail: 'the plug-in returned an unknown outcome' };
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

/** An unknown outcome of a plug-in is not passed on, because metrics and the delivery trail count by outcome. */
const isOutcome = (outcome: DeliveryOutcome): boolean =>
  outcome && Object.hasOwn(reasons, outcome.kind) && reasons[outcome.kind].includes(outcome.reason);
