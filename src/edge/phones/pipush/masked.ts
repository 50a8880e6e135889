import type { Asker, Engine } from '../../../engine/index.ts';
import { asPiFault, PiFault } from '../../formats/privacyidea/index.ts';

const maskedCode = -311;

/**
 * Replaces the text of every refusal to a phone by a generic one when a policy demands it; the HTTP status stays, since
 * apps read that.
 * @see docs/protocols/privacyidea.md 1.2
 */
export async function masked(engine: Engine, asker: () => Asker, handle: () => Promise<void>): Promise<void> {
  try {
    await handle();
  } catch (error) {
    const fault = asPiFault(error);
    if (!fault) throw error;
    const facts = { ...engine.facts(asker()), tokenType: 'push' };
    if (engine.policy.value('hide_specific_error_message_for_ttype', facts) !== true) throw error;
    throw new PiFault(fault.kind, 'Failed special token function', maskedCode);
  }
}
