import { networkOf } from '../../foundation/wire/networks.ts';
import { factsOf } from '../facts.ts';
import { clientKey, isKnownClient } from '../limits/index.ts';
import type { Applicant, Asker, EngineParts } from '../parts.ts';
import { type Person, withPerson } from './person.ts';
import { personKey } from './person-key.ts';

/**
 * The key of a login's client, if the auth server names one: by the attributes that policies name, else by an address
 * other than the server's own. Undefined without either, and without a user.
 */
export function clientOf(parts: Pick<EngineParts, 'policy' | 'clock' | 'realms'>, { asker, user, realm }: Applicant): string | undefined {
  if (user === '') return undefined;
  const names = parts.policy.value('push_client_attributes', factsOf(parts, asker, { user, realm })) ?? [];
  const attributes = names.flatMap((name) => (asker.params?.[name] ? [[name, asker.params[name]]] : []));
  if (attributes.length > 0) return clientKey(asker.authServer, JSON.stringify(attributes));
  return asker.toldClient === undefined ? undefined : clientKey(asker.authServer, networkOf(asker.toldClient));
}

/** Whether a phone recently accepted a login of the same user from the same client. */
export const isKnown = (
  parts: Pick<EngineParts, 'store' | 'clock' | 'realms'>,
  { client, user, realm }: { client?: string | undefined; user: string; realm: string },
): Promise<boolean> => isKnownClient(parts, { client, user: personKey(parts, { user, realm }) });

/** {@link Admission.askerForLogin}. */
export async function askerForLogin(
  parts: Pick<EngineParts, 'policy' | 'store' | 'clock' | 'realms'>,
  { asker: bare, user, realm }: Applicant,
  person: Person | undefined,
): Promise<Asker> {
  const asker = withPerson(bare, person);
  if (!parts.policy.looksAtClients) return asker;
  const client = clientOf(parts, { asker, user, realm });
  return { ...asker, clientIs: (await isKnown(parts, { client, user, realm })) ? 'known' : 'new' };
}
