import { isPairingUrl, type LinotpAsk, type LinotpRequest, type VirtualPhone } from '../../virtual-phone/index.ts';
import type { Terminal } from '../terminal.ts';
import { expectDone } from './phone-option.ts';

/** What only a token of LinOTP takes when it is enrolled. */
export type LinotpEnrolOptions = { gda?: string; login?: string; inbox?: string };

/** Pairs where the text is a pairing URL; false where it is none. */
export async function enrolLinotp(phone: VirtualPhone, terminal: Terminal, uri: string, options: LinotpEnrolOptions): Promise<boolean> {
  if (!isPairingUrl(uri)) return false;
  const { gda, login, inbox } = options;
  const { serial, callbackUrl, state } = expectDone(await phone.linotp.enrol(uri, { gda, login, inbox }));
  terminal.out(`paired ${serial}; it answers at ${callbackUrl}${state === 'active' ? '' : '. It waits to be activated'}`);
  return true;
}

/** Lists the tokens of LinOTP; returns how many there are. */
export function listLinotp(phone: VirtualPhone, terminal: Terminal): number {
  const tokens = expectDone(phone.linotp.list());
  for (const { serial, state, callbackUrl } of tokens) terminal.out(`${serial}  LinOTP  ${state}  ${callbackUrl}`);
  return tokens.length;
}

/** Whether this phone has a token of LinOTP with this serial. */
export const hasLinotp = (phone: VirtualPhone, serial: string | undefined): boolean =>
  serial !== undefined && expectDone(phone.linotp.list()).some((token) => token.serial === serial);

/** What came into the inboxes of the phone's tokens. */
export const waitingLinotp = async (phone: VirtualPhone, serial?: string): Promise<LinotpRequest[]> =>
  expectDone(await phone.linotp.poll(serial));

/** Answers one request and tells what the server thought of it. */
export async function answerLinotp(
  phone: VirtualPhone,
  terminal: Terminal,
  request: LinotpRequest,
  verdict: 'approve' | 'decline',
): Promise<void> {
  const isTaken = expectDone(await phone.linotp.answer(request, verdict === 'approve' ? 'ACCEPT' : 'DENY'));
  terminal.out(`${linotpLine(request)}: ${verdict}d, the server ${isTaken ? 'took it' : 'did not take it'}`);
}

/** One line about what the phone shows. */
export const linotpLine = ({ serial, transactionId, ask }: LinotpRequest): string => `${serial}  ${transactionId}: ${wordsOf(ask)}`;

function wordsOf(ask: LinotpAsk): string {
  switch (ask.kind) {
    case 'signreq':
      return ask.message;
    case 'pairing':
      return 'activate this token?';
    case 'login':
      return `log in as ${ask.login} at ${ask.host}?`;
    default:
      return ask satisfies never;
  }
}
