import { record } from '../../foundation/model/index.ts';
import type { PushRequest } from '../../virtual-phone/index.ts';
import { expectDone, pollPhone } from '../commands/phone-option.ts';
import type { PiAnswer } from '../gateway-client.ts';
import { CommandFailed } from '../terminal.ts';
import type { Cast } from './stage.ts';

const pin = '1234';

/** An operator makes a push token for this user, and the user's phone is bound to it; `fcmToken` is the phone's Firebase address. Returns its serial. */
export async function enrol({ client, phone }: Cast, user: string, fcmToken?: string): Promise<string> {
  const { detail } = await client.callAsAdmin('POST', '/token/init', { type: 'push', genkey: '1', user, pin });
  const { value } = record(detail.pushurl);
  return expectDone(await phone.enrol(String(value), { fcmToken })).serial;
}

/** The login page starts a login; returns its transaction, and what the page says. */
export async function start({ client }: Cast, user: string): Promise<{ id: string; message: string }> {
  const { detail, authentication } = await client.call('POST', '/validate/check', { user, pass: pin });
  expectTrue(authentication === 'CHALLENGE', 'the login is started');
  return { id: String(detail.transaction_id), message: String(detail.message) };
}

/** Where a transaction stands, as the login page sees it. */
export async function status({ client }: Cast, id: string): Promise<{ status: string; authentication: string | undefined }> {
  const { detail, authentication } = await client.call('GET', '/validate/polltransaction', { transaction_id: id });
  return { status: String(detail.challenge_status), authentication };
}

/** The phone asks what is waiting for it. */
export async function waiting({ phone, terminal }: Cast): Promise<PushRequest> {
  const [request] = await pollPhone(phone, terminal);
  if (!request) throw new CommandFailed('the story broke: nothing is waiting for the phone');
  return request;
}

/** The user says yes on the phone. */
export async function approve({ phone }: Cast, request: PushRequest): Promise<void> {
  expectTrue(expectDone(await phone.approve(request)).value === true, 'the gateway takes the signed yes');
}

/** The login page takes the result. */
export const finish = ({ client }: Cast, user: string, id: string): Promise<PiAnswer> =>
  client.call('POST', '/validate/check', { user, pass: '', transaction_id: id });

/** Ends the story where it does not go as it should. */
export function expectTrue(holds: boolean, what: string): void {
  if (!holds) throw new CommandFailed(`the story broke: expected that ${what}`);
}
