import type { Context } from 'koa';
import type { AuthServer } from '../../access/index.ts';
import type { PiParams } from '../../formats/privacyidea/index.ts';
import type { Outcome } from './outcome.ts';
import { askerFor, type PrivacyideaParts } from './parts.ts';
import type { Subject } from './subject.ts';

/** A first leg that may end without any push token. */
export type PassedOn = { params: PiParams; server: AuthServer; subject: Subject };

const accept = (message: string): Outcome => ({ value: true, detail: { message } });

/**
 * Accepts who has no token, or is no user at all, where policies say so; undefined where they do not, or where the password is wrong. Only who
 * was asked for by name can come in so, and only one whom every source was asked for.
 * @see docs/protocols/privacyidea.md 11.3
 */
export async function passOn(parts: PrivacyideaParts, ctx: Context, { params, server, subject }: PassedOn): Promise<Outcome | undefined> {
  const { engine } = parts;
  const { user, realm, tokens, serial, person } = subject;
  if (serial !== undefined || user === '' || tokens.length > 0) return undefined;
  const asker = askerFor(parts, ctx, server);
  const facts = engine.facts(asker, { user, realm });
  if (person === 'unknown-user') {
    const decided = engine.policy.decision('passOnNoUser', facts);
    return decided?.value ? accept(`user does not exist, accepted due to '${decided.rule}'`) : undefined;
  }
  const letIn = engine.policy.decision('passOnNoToken', facts);
  if (letIn?.value) return accept(`user has no token, accepted due to '${letIn.rule}'`);
  const handedOn = engine.policy.decision('passthru', facts);
  if (!handedOn) return undefined;
  const { value: via, rule } = handedOn;
  const isRight = await engine.isPasswordElsewhere({ via, user, realm, password: params.text('pass') ?? '', client: asker.client });
  const where = via === 'userstore' ? via : `RADIUS server ${via}`;
  return isRight ? accept(`against ${where} due to '${rule}'`) : undefined;
}
