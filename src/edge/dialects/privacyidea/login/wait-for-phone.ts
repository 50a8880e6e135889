import type { Context } from 'koa';
import type { Waited } from '../../../../engine/index.ts';
import type { AuthServer } from '../../../access/index.ts';
import { onDisconnect } from '../../../http/index.ts';
import { flavourRules } from '../flavour.ts';
import type { PrivacyideaParts } from '../parts.ts';
import { type LoginOutcome, refuse } from '../refusals.ts';
import type { Subject } from '../subject.ts';
import { applicantOf, type Login, shownType } from './login.ts';

/** The push tokens whose phones were asked and are waited for; `place`: the engine's number of this request. */
export type AskedPhone = { id: string; serials: readonly string[]; waitMs: number; place?: number | undefined };

/**
 * A waiting login: names only, since ten thousand may wait at once. The rest is read again at the end. `known` are the
 * serials of all push tokens that were found for it.
 */
export type WaitingLogin = {
  kind: 'waiting';
  server: AuthServer;
  who: Omit<Subject, 'tokens'>;
  known: readonly string[];
  asked: AskedPhone;
};

/** The parts of a login that are kept during the wait. */
export function waitingLogin({ server, subject: { tokens, ...who } }: Login, asked: AskedPhone): WaitingLogin {
  return { kind: 'waiting', server, who, known: tokens.map(({ serial }) => serial), asked };
}

const otplen = 6;

/** Waits for the phone; ends early when the client disconnects. */
export function waitForPhone({ engine }: PrivacyideaParts, ctx: Context, { known, asked }: WaitingLogin): Promise<Waited> {
  return engine.challenges.waitForAnswer({
    id: asked.id,
    serials: known,
    usable: asked.serials,
    place: asked.place,
    waitMs: asked.waitMs,
    givenUp: onDisconnect(ctx),
  });
}

/**
 * The outcome of a login after the wait, with its push tokens read again. A decline or no answer counts as a failure,
 * since the caller knows the PIN.
 */
export async function outcomeOfWait({ parts, asker, subject }: Login, { asked }: WaitingLogin, ended: Waited): Promise<LoginOutcome> {
  const tokens = ended.tokens.filter(({ serial }) => asked.serials.includes(serial));
  const about = (serial: string | undefined) => {
    const token = tokens.find((each) => each.serial === serial) ?? tokens[0];
    return { serial, type: token ? shownType(parts, asker, token) : 'push', otplen };
  };
  if (ended.kind === 'accepted') return { value: true, detail: { message: 'matching 1 tokens', ...about(ended.serial) } };
  if (ended.isFailure) await parts.engine.pins.countFailures(tokens, applicantOf({ asker, subject }));
  parts.engine.admission.tellRefused(applicantOf({ asker, subject }), 'not-answered', { serials: asked.serials, transaction: asked.id });
  const only = tokens.length === 1 ? tokens[0]?.serial : undefined;
  return refuse('wrong otp value', {
    ...about(only),
    challenge_status: ended.kind === 'declined' && flavourRules(parts.product).hasModes ? ended.status : undefined,
  });
}
