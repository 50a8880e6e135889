import { type Asker, mayAskFor } from '../../../engine/index.ts';
import { PiFault, type PiParams } from '../../formats/privacyidea/index.ts';
import type { PrivacyideaParts } from './parts.ts';

/** What `/validate/check` tells of a user who is not there. */
export const unknownUser = (name: string): string => `User <${name}> does not exist.`;

/**
 * Refuses a login in a realm that does not exist, or that its auth server may not ask for. Both servers say so (400/904) as they do of an unknown user.
 * @see docs/protocols/privacyidea.md 13
 */
export function demandRealm({ engine }: PrivacyideaParts, params: PiParams, asker: Asker): void {
  const [user = '', realm = ''] = [params.text('user'), params.text('realm')];
  const found = engine.realms.resolve(user, realm);
  const isOpen = found !== 'unknown-realm' && (user === '' || mayAskFor(asker, found.realm));
  if (!isOpen) throw new PiFault('unknown-user', unknownUser(`${user}@${realm}`));
}

/**
 * The source of users that `resolver` names among those of a realm, in the spelling of the configuration and in any case; undefined where a request
 * names none. Throws 904 for one that the realm does not have.
 * @see docs/protocols/privacyidea.md 2, point 4
 */
export function resolverNamed({ engine }: PrivacyideaParts, params: PiParams, realm: string): string | undefined {
  const named = params.text('resolver')?.trim();
  if (!named) return undefined;
  const found = engine.findSource(realm, named);
  if (found === undefined) throw new PiFault('unknown-user', `The resolver ${named} does not exist in this realm!`);
  return found;
}

/** Refuses (905) parameters that the server would follow and this gateway cannot, where they are not empty; `why` says by name what is not here. */
export function demandEmpty(params: PiParams, why: Readonly<Record<string, string>>): void {
  for (const [name, because] of Object.entries(why))
    if (params.text(name)) throw new PiFault('parameter', `${because}; leave ${name} out.`);
}
