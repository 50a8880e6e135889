import type { Asked } from '../../../../engine/index.ts';
import type { PushToken } from '../../../../foundation/model/index.ts';
import { LinotpFault, type LinotpParams } from '../../../formats/linotp/index.ts';
import type { LinotpParts } from '../parts.ts';
import { resolved, sourceNamed } from '../subject.ts';

/** The push tokens of a serial, of a user, or of both. Throws when neither is named, and for an unknown realm. */
export async function selectedTokens(parts: LinotpParts, params: LinotpParams): Promise<PushToken[]> {
  const { engine } = parts;
  const [serial, name] = [params.text('serial'), params.text('user')];
  const asked = name ? await askedUser(parts, params, name) : undefined;
  if (!serial) {
    if (!asked) throw new LinotpFault('parameter', "missing key KeyError('serial')");
    return engine.tokens.select(asked);
  }
  const tokens = await engine.tokens.select({ serial });
  return asked ? tokens.filter(({ owner }) => owner && engine.people.isNamedBy(owner, asked)) : tokens;
}

/** The user of a call, for stored records. @see People.asked */
export async function askedUser(parts: LinotpParts, params: LinotpParams, name: string): Promise<Asked> {
  const { user, realm } = resolved(parts, params, name);
  return parts.engine.people.asked(user, realm, sourceNamed(parts, params, realm));
}
