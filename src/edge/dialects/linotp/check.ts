import type { Context } from 'koa';
import { type Asker, factsOfPerson } from '../../../engine/index.ts';
import type { PushToken } from '../../../foundation/model/index.ts';
import type { AuthServer } from '../../access/index.ts';
import {
  failsWith,
  type LinotpParams,
  type LinotpReply,
  readLinotpRequest,
  sendLinotp,
  sendLinotpText,
} from '../../formats/linotp/index.ts';
import { holdReply } from '../../http/index.ts';
import { authServerOf } from './caller.ts';
import { finishLogin } from './finish-login.ts';
import { askerFor, type LinotpParts } from './parts.ts';
import { passRule } from './pass.ts';
import { asKnown, mayBeAsked, type Subject, subjectOf } from './subject.ts';
import { promptOf, type Triggered, trigger } from './trigger.ts';
import { triggerAndWait, type WaitingCheck } from './trigger-and-wait.ts';

/** What a check came to: yes or no, or a challenge that waits for the phone. */
export type Checked = { value: boolean; triggered?: Triggered };

/** `GET|POST /validate/check`: starts a login by user or serial. @see docs/protocols/linotp.md 10.2 */
export async function validateCheck(parts: LinotpParts, ctx: Context): Promise<void> {
  failsWith(ctx, { id: 0, value: false });
  tellOrHold(ctx, await check(parts, ctx, await readLinotpRequest(ctx)), tellReply(parts));
}

/** `GET|POST /validate/check_s`: the same by serial alone, whoever owns it. @see docs/protocols/linotp.md 10.3 */
export async function validateCheckSerial(parts: LinotpParts, ctx: Context): Promise<void> {
  failsWith(ctx, { id: 0, status: false, value: false });
  const params = await readLinotpRequest(ctx);
  params.required('serial');
  tellOrHold(ctx, await check(parts, ctx, params), tellReply(parts));
}

/** `GET|POST /validate/simplecheck`: the same as a text, for clients that read no JSON. @see docs/protocols/linotp.md 10.6, 13 */
export async function validateSimpleCheck(parts: LinotpParts, ctx: Context): Promise<void> {
  failsWith(ctx, { text: ':-(' });
  tellOrHold(ctx, await check(parts, ctx, await readLinotpRequest(ctx)), tellText);
}

type Tell = (ctx: Context, checked: Checked) => void;

const tellReply =
  (parts: LinotpParts): Tell =>
  (ctx, checked) =>
    sendLinotp(ctx, parts.product, replyOf(checked));

const tellText: Tell = (ctx, { value, triggered }) => {
  const several = triggered && triggered.challenges.length > 1 ? ` ${severalText}` : '';
  sendLinotpText(ctx, value ? ':-)' : triggered ? `:-( ${triggered.id}${several}` : ':-(');
};

/** Tells what a check came to, or, where it waits for the phone, will have come to. */
function tellOrHold(ctx: Context, checked: Checked | WaitingCheck, tell: Tell): void {
  if ('waits' in checked) holdReply(ctx, checked.waits, async (again, saysYes) => tell(again, { value: await saysYes }));
  else tell(ctx, checked);
}

const severalText = 'Multiple challenges submitted.';

function replyOf({ value, triggered }: Checked): LinotpReply {
  if (!triggered) return { id: 0, value };
  const [first] = triggered.challenges;
  if (triggered.challenges.length === 1 && first) return { id: 0, value, detail: challengeDetail(first) };
  const challenges = Object.fromEntries(triggered.challenges.map((each) => [each.token.serial, challengeDetail(each)]));
  return { id: 0, value, detail: { challenges, transactionid: triggered.id, message: severalText } };
}

const challengeDetail = ({ id, token }: Triggered['challenges'][number]) => ({
  transactionid: id,
  message: '',
  linotp_tokenserial: token.serial,
  linotp_tokentype: token.type,
  linotp_tokendescription: token.description,
});

const refused: Checked = { value: false };

async function check(parts: LinotpParts, ctx: Context, params: LinotpParams): Promise<Checked | WaitingCheck> {
  const server = await authServerOf(parts, ctx, 'check');
  const typed = await subjectOf(parts, params, server);
  const id = params.text('transactionid') ?? params.text('state');
  if (id !== undefined) return { value: await finishLogin(parts, { id, server, typed }) };
  const subject = await asKnown(parts, typed);
  const tokens = subject.tokens.filter((token) => mayBeAsked(token, parts.engine.clock()));
  return firstLeg(parts, ctx, params, { server, subject, tokens });
}

type Login = { server: AuthServer; subject: Subject; tokens: readonly PushToken[] };

async function firstLeg(
  parts: LinotpParts,
  ctx: Context,
  params: LinotpParams,
  { server, subject, tokens }: Login,
): Promise<Checked | WaitingCheck> {
  const { engine } = parts;
  const { user, realm, isBySerial, person } = subject;
  const known = typeof person === 'object' ? factsOfPerson(person) : {};
  const asker: Asker = { ...askerFor(parts, ctx, server), ...known };
  const facts = engine.facts(asker, { user, realm }, tokens[0]);
  const pass = params.text('pass');
  const rule = passRule(engine.policy, facts);
  if (pass === undefined || tokens.length === 0 || (isBySerial && rule === 'userstore')) return refused;
  const checked = await engine.checkLoginPin(tokens, { pin: pass, rule, user, realm, client: asker.client });
  if (checked.kind === 'exceeded' || checked.matching.length === 0) return refused;
  const waitSeconds = engine.policy.value('push_wait', facts);
  const isSimple = engine.policy.value('push_without_data', facts) === true;
  const prompt = promptOf(params, isSimple || waitSeconds !== undefined);
  if (!prompt) return refused;
  const login = { asker, user, realm, tokens: checked.matching, prompt, pass };
  if (waitSeconds !== undefined) return (await triggerAndWait(parts, ctx, login, waitSeconds * 1000)) ?? refused;
  const triggered = await trigger(parts, { ...login, consume: isSimple ? 'once' : 'never' });
  return triggered ? { value: false, triggered } : refused;
}
