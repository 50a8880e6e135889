import type { Context } from 'koa';
import { isNobody, isUsable } from '../../../../engine/index.ts';
import { ActForbidden } from '../../../../foundation/model/index.ts';
import type { Admin } from '../../../access/index.ts';
import { type PiParams, readPiRequest, sendPi } from '../../../formats/privacyidea/index.ts';
import { type Caller, mayAct } from '../../../http/index.ts';
import { adminOf, authServerOf } from '../caller.ts';
import type { PrivacyideaParts } from '../parts.ts';
import { noSuchOwner, overText } from '../refusals.ts';
import { demandKnown, NotTheirToken } from '../subject.ts';
import { admit, type LoginUnderWay, readTrigger, refusedBy, tellRefused } from './login.ts';
import { notStarted, startedDetail, startLogin } from './start-login.ts';
import { limit } from './steps.ts';

const nothing = { messages: [], multi_challenge: [], transaction_ids: [] };

/**
 * `POST|GET /validate/triggerchallenge`: an administrator asks all usable push tokens of a user, without a PIN.
 * @see docs/protocols/privacyidea.md 6.4
 */
export async function triggerChallenge(parts: PrivacyideaParts, ctx: Context): Promise<void> {
  const given = await readPiRequest(ctx, parts.product);
  const admin = await adminOf(parts, ctx, 'triggerchallenge');
  const caller = await authServerOf(parts, ctx, 'trigger', admin);
  await parts.engine.admission.inTurn(caller.server.name, () => triggerAll(parts, ctx, { given, admin, caller }));
}

type Asked = { given: PiParams; admin: Admin; caller: Caller };

async function triggerAll(parts: PrivacyideaParts, ctx: Context, asking: Asked): Promise<void> {
  const sendNothingTriggered = (detail: object): void => sendPi(ctx, parts.product, { id: 2, value: 0, detail: { ...detail, ...nothing } });
  const login = await loginToTrigger(parts, ctx, asking);
  if (!login) return sendPi(ctx, parts.product, { id: 2, value: 0, detail: nothing });
  const { person } = login.subject;
  if (isNobody(person)) tellRefused(login, person === 'barred' ? 'barred-user' : person);
  demandKnown(login.subject, noSuchOwner());
  requireRights(login, asking.admin);
  const refusal = admit(login) ?? (await limit(login));
  if (refusal) return sendNothingTriggered(refusal.detail);
  const usable = login.tokens.filter((token) => isUsable(token, parts.engine.clock()));
  const asked = { ...login, tokens: usable.filter((token) => !parts.engine.pins.isLocked(token)) };
  if (asked.tokens.length === 0) {
    const reason = usable.length > 0 ? 'locked' : login.subject.tokens.length > 0 ? 'unusable-token' : 'no-token';
    tellRefused(asked, reason);
    const message = usable.length > 0 ? 'Failcounter exceeded' : overText(login.tokens, parts.engine.clock());
    const told = message === undefined ? nothing : { message, ...nothing, messages: [message] };
    return sendPi(ctx, parts.product, { id: 2, value: 0, detail: told });
  }
  const started = await startLogin(asked);
  if (started.kind === 'started')
    return sendPi(ctx, parts.product, { id: 2, value: started.tokens.length, detail: startedDetail(parts, started) });
  if (started.kind === 'refused') return sendNothingTriggered(refusedBy(asked, started.refusal).detail);
  const { reason, message } = notStarted[started.kind];
  tellRefused(asked, reason);
  sendPi(ctx, parts.product, { id: 2, value: 0, detail: { message, ...nothing, messages: [message] } });
}

/** An administrator with rights in some realms may only trigger users whose push tokens are all in those. */
function requireRights({ parts, asker, subject }: LoginUnderWay, admin: Admin): void {
  const claim = { admin, right: 'triggerchallenge' } as const;
  if (!subject.tokens.every(({ realms }) => mayAct(parts, asker, { ...claim, realms }))) throw new ActForbidden(claim.right);
}

/** The login to trigger; undefined for a serial that does not exist or does not belong to the named user. */
async function loginToTrigger(parts: PrivacyideaParts, ctx: Context, asked: Asked): Promise<LoginUnderWay | undefined> {
  try {
    return await readTrigger(parts, ctx, asked);
  } catch (error) {
    if (error instanceof NotTheirToken) return undefined;
    throw error;
  }
}
