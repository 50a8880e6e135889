import type { Asker } from '../../../engine/index.ts';
import type { Owner } from '../../../foundation/model/index.ts';
import * as format from '../../formats/privacyidea/index.ts';
import type { TokenKind } from './flavour.ts';
import type { PrivacyideaParts } from './parts.ts';

/** The enrolment policies for a new token of this type and owner. Throws 303 without the two required ones. */
export function enrolmentRules(
  { engine, product, mount }: PrivacyideaParts,
  asker: Asker,
  { type, owner }: { type: TokenKind['type']; owner: Owner | undefined },
) {
  const rules = format.enrolmentRules(engine, asker, { type, owner, mount: mount.path, issuer: product.name });
  if (rules.ok) return rules.value;
  throw new format.PiFault('policy', `Missing enrollment policy for push token: ${rules.error}`);
}
