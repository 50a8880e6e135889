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
