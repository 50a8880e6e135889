import { z } from 'zod';
import type { Engine, Explained } from '../../../engine/index.ts';
import { iso, isoOr } from './fields.ts';

const text = z.string().trim().max(256).optional();

/** A request whose policies are asked for. */
export const policyQuestion = z.strictObject({
  user: text.describe('The user who logs in.'),
  realm: text.describe('The realm of the user.'),
  resolver: text.describe('The user source that knows the user.'),
  client: text.describe('The IP address that the login comes from.'),
  clientIs: z.enum(['known', 'new']).optional().describe('Whether the user has logged in from that client before.'),
  authServer: text.describe('The auth server that asks.'),
  dialect: text.describe('The dialect of the mount, such as rest.'),
  mount: text.describe('The path of the mount.'),
  flavour: text.describe('The flavour of the mount.'),
  tokenType: text.describe('The type of the push token.'),
  userAgent: text.describe('The User-Agent of the auth server.'),
  recorded: text.describe('Provider recorded with the push token.'),
  at: z.iso.datetime({ offset: true }).optional().describe('Time of the login; by default now.'),
});

/** Explains the policies for such a request. Nothing is sent. */
export function explainPolicies(
  engine: Pick<Engine, 'clock' | 'realms' | 'explain'>,
  { recorded, at, ...known }: z.output<typeof policyQuestion>,
): Explained {
  const now = at === undefined ? engine.clock() : Date.parse(at);
  return engine.explain({ now, ...present(known), ignoreCase: engine.realms.ignoresCase(known.realm ?? '') }, recorded);
}

/** The object without undefined values. */
const present = <T extends Record<string, string | undefined>>(values: T) =>
  Object.fromEntries(Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined));

/** How long a check of a provider may take. */
const checkLimitMs = 10_000;

/** The state of every provider. */
export const providerFacts = ({ providers }: Pick<Engine, 'providers'>) =>
  providers.status().map(({ lastSuccess, lastError, expires, ...status }) => ({
    ...status,
    lastSuccess: isoOr(lastSuccess),
    lastError: lastError && { ...lastError, at: iso(lastError.at) },
    expires: expires.map((each) => ({ ...each, at: iso(each.at) })),
  }));

/** Checks the credentials of a provider without a push; undefined for an unknown one. */
export const checkProvider = ({ providers }: Pick<Engine, 'providers'>, name: string) =>
  providers.check(name, AbortSignal.timeout(checkLimitMs));

/** Limited phones and quiet logins: all, or those of this push token and its owner. */
export async function limitFacts({ admission }: Pick<Engine, 'admission'>, serial?: string) {
  const [phones, quiet] = await Promise.all([admission.limitedPhones(serial), admission.quietLogins(serial)]);
  return {
    phones: phones.map(({ mutedUntil, ...phone }) => ({ ...phone, mutedUntil: isoOr(mutedUntil) })),
    quiet: quiet.map(({ until, ...logins }) => ({ ...logins, until: iso(until) })),
  };
}
