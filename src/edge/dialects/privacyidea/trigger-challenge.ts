import type { Context } from 'koa';
import { isUsable } from '../../../engine/index.ts';
import { readPiRequest, sendPi } from '../../formats/privacyidea/index.ts';
import { adminOf, authServerOf } from './caller.ts';
import { demandKnown, knownSubject } from './known-user.ts';
import { allowedTokens, demandAuthorized } from './login-rules.ts';
import type { PrivacyideaParts } from './parts.ts';
import { noSuchOwner } from './refusals.ts';
import { rewritten } from './rewritten.ts';
import { notStarted, startedDetail, startLogin } from './start-login.ts';

const nothing = { messages: [], multi_challenge: [], transaction_ids: [] };

/**
 * `POST|GET /validate/triggerchallenge`: an administrator asks all usable push tokens of a user, without a PIN.
 * @see docs/protocols/privacyidea.md 6.4
 */
export async function triggerChallenge(parts: PrivacyideaParts, ctx: Context): Promise<void> {
  const given = await readPiRequest(ctx, parts.product);
  const admin = await adminOf(parts, ctx, 'triggerchallenge');
  const { server } = await authServerOf(parts, ctx, 'trigger', admin);
  const params = rewritten(parts, ctx, server, given);
  const subject = await knownSubject(parts, ctx, params, { server, unknownUser: noSuchOwner });
  demandKnown(subject, noSuchOwner);
  demandAuthorized(parts, ctx, { server, subject });
  const usable = allowedTokens(parts, ctx, { server, subject }, params).filter((token) => isUsable(token, parts.engine.clock()));
  const tokens = usable.filter((token) => !parts.engine.isLocked(token));
  if (tokens.length === 0) {
    const locked = usable.length > 0 ? { message: 'Failcounter exceeded', ...nothing, messages: ['Failcounter exceeded'] } : nothing;
    return sendPi(ctx, parts.product, { id: 2, value: 0, detail: locked });
  }
  const started = await startLogin(parts, ctx, { server, subject: { ...subject, tokens } });
  if (started.kind === 'started')
    return sendPi(ctx, parts.product, { id: 2, value: started.tokens.length, detail: startedDetail(parts, started) });
  const message = notStarted[started.kind];
  sendPi(ctx, parts.product, { id: 2, value: 0, detail: { message, ...nothing, messages: [message] } });
}
