import type { LoginUnderWay } from './login.ts';
import type { Outcome } from './outcome.ts';

const accept = (message: string): Outcome => ({ value: true, detail: { message } });

/**
 * Lets a user in without a push token, or without being known at all, when a policy allows it. Returns undefined when no such policy applies, or the
 * password is wrong. Only a user who was asked for by name can come in so, and only one whom every source was asked for.
 * @see docs/protocols/privacyidea.md 11.3
 */
export async function passOn({ parts: { engine }, asker, params, subject }: LoginUnderWay): Promise<Outcome | undefined> {
  const { user, realm, tokens, serial, person } = subject;
  if (serial !== undefined || user === '' || tokens.length > 0) return undefined;
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
