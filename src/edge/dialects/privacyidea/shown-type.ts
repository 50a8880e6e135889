import type { Asker } from '../../../engine/index.ts';
import type { PushToken } from '../../../foundation/model/index.ts';
import type { PrivacyideaParts } from './parts.ts';

/**
 * The type that clients are told of a push token. Policy `edupush_shown_as` calls an edupush token `push` for those that know no other.
 * @see docs/protocols/privacyidea.md 13
 */
export function shownType({ engine }: PrivacyideaParts, asker: Asker, token: PushToken): string {
  const facts = engine.facts(asker, token.owner, token);
  return engine.policy.value('edupush_shown_as', facts) ?? token.type;
}
