import { record } from '../../foundation/model/index.ts';
import type { PushRequest } from '../../virtual-phone/index.ts';
import { expectDone, pollPhone } from '../commands/phone-option.ts';
import type { PiAnswer } from '../gateway-client.ts';
import { CommandFailed } from '../terminal.ts';
import type { Cast } from './stage.ts';

const pin = '1234';

/**
 * Makes a push token for this user and enrols the user's phone; `fcmToken` is its Firebase address. Returns the serial.
 */
export async function enrol({ client, phone }: Cast, user: string, fcmToken?: string): Promise<string> {
  const { detail } = await client.callAsAdmin('POST', '/token/init', { type: 'push', genkey: '1', user, pin });
  const { value } = record(detail.pushurl);
  return expectDone(await phone.enrol(String(value), { fcmToken })).serial;
}

/** The login page starts a login. Returns the transaction id and the message on the page. */
export async function start({ client }: Cast, user: string): Promise<{ id: string; message: string }> {
  const { detail, authentication } = await client.call('POST', '/validate/check', { user, pass: pin });
  expectTrue(authentication === 'CHALLENGE', 'the login is started');
  return { id: String(detail.transaction_id), message: String(detail.message) };
}

/** The status of a transaction, as the login page polls it. */
export async function status({ client }: Cast, id: string): Promise<{ status: string; authentication: string | undefined }> {
  const { detail, authentication } = await client.call('GET', '/validate/polltransaction', { transaction_id: id });
  return { status: String(detail.challenge_status), authentication };
}

/** The phone polls for its waiting request. */
export async function waiting({ phone, terminal }: Cast): Promise<PushRequest> {
  const [request] = await pollPhone(phone, terminal);
  if (!request) throw new CommandFailed('the story broke: nothing is waiting for the phone');
  return request;
}

/** The user accepts on the phone. */
export async function approve({ phone }: Cast, request: PushRequest): Promise<void> {
  expectTrue(expectDone(await phone.approve(request)).value === true, 'the gateway takes the signed yes');
}

/** The login page finishes the login. */
export const finish = ({ client }: Cast, user: string, id: string): Promise<PiAnswer> =>
  client.call('POST', '/validate/check', { user, pass: '', transaction_id: id });

/** Throws if the story does not go as expected. */
export function expectTrue(holds: boolean, what: string): void {
  if (!holds) throw new CommandFailed(`the story broke: expected that ${what}`);
}
