import type { PushToken } from '../../../foundation/model/index.ts';
import type { AuthServer } from '../../access/index.ts';
import type { LinotpParts } from './parts.ts';
import type { Subject } from './subject.ts';
import { parentOf } from './trigger.ts';

type SecondLeg = { id: string; server: AuthServer; subject: Subject; tokens: readonly PushToken[] };

/**
 * The second leg of clients that cannot poll: whatever they send as pass, they are let in once the phone has said yes. Where policies do not provide for
 * such clients it is always refused, as LinOTP does.
 * @see docs/protocols/linotp.md 13
 */
export async function finishLogin({ engine }: LinotpParts, { id, server, subject, tokens }: SecondLeg): Promise<boolean> {
  const transaction = await engine.findOwnForeign('linotp', server.name, parentOf(id));
  if (transaction?.kind !== 'login' || transaction.decision.rule.consume !== 'once') return false;
  const { user, realm } = subject;
  const [first] = tokens;
  const who = user === '' ? (first ? { serial: first.serial } : {}) : { user: { user, realm } };
  const finished = await engine.finish({ transaction, usable: tokens, ...who });
  return finished.kind === 'accepted';
}
