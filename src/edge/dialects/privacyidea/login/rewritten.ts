import type { Asker } from '../../../../engine/index.ts';
import { demandName } from '../../../../foundation/model/index.ts';
import { mangle } from '../../../../policy/index.ts';
import type { PiParams } from '../../../formats/privacyidea/index.ts';
import type { PrivacyideaParts } from '../parts.ts';

/**
 * The parameters of a login after the policies `mangle` (texts) and `setrealm`, before the user is looked up. The auth
 * server must be allowed in the resulting realm.
 * @see docs/protocols/privacyidea.md 11.3
 */
export function rewritten({ engine }: PrivacyideaParts, asker: Asker, params: PiParams): PiParams {
  const { policy, facts, realms } = engine;
  const changes = new Map<string, string>();
  const text = (name: string): string | undefined => changes.get(name) ?? params.text(name);
  const whose = () => {
    const named = { user: text('user') ?? '', realm: text('realm') ?? '' };
    const resolved = realms.resolve(named.user, named.realm);
    return resolved === 'unknown-realm' ? named : resolved;
  };
  for (const mangling of policy.value('mangle', facts(asker, whose())) ?? []) {
    const was = text(mangling.key);
    if (!was) continue;
    const changed = mangle(mangling, was);
    changes.set(mangling.key, mangling.key === 'pass' ? changed : demandName(`Parameter ${mangling.key}`, changed));
  }
  const owner = whose();
  const realm = owner.user === '' ? undefined : policy.value('setrealm', facts(asker, owner));
  if (realm !== undefined) changes.set('user', owner.user).set('realm', realm);
  return { ...params, text, required: (name) => text(name) ?? params.required(name) };
}
