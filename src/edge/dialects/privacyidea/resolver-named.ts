import { PiFault, type PiParams } from '../../formats/privacyidea/index.ts';
import type { PrivacyideaParts } from './parts.ts';

/**
 * The source of users that `resolver` names among those of a realm, in the spelling of the configuration and in any case; undefined where a request
 * names none. Throws 904 for one that the realm does not have.
 * @see docs/protocols/privacyidea.md 2, point 4
 */
export function resolverNamed({ engine }: PrivacyideaParts, params: PiParams, realm: string): string | undefined {
  const named = params.text('resolver')?.trim();
  if (!named) return undefined;
  const found = engine.sourceNames(realm).find((name) => name.toLowerCase() === named.toLowerCase());
  if (found === undefined) throw new PiFault('unknown-user', `The resolver ${named} does not exist in this realm!`);
  return found;
}
