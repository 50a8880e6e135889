import { isPairingUrl, type LinotpAsk, type LinotpRequest, type VirtualPhone } from '../../virtual-phone/index.ts';
import { expectDone, type PhoneToken } from './phone-option.ts';

/** What only a token of LinOTP takes when it is enrolled. */
export type LinotpEnrolOptions = { gda?: string; login?: string; inbox?: string };

/** Pairs where the text is a pairing URL; undefined where it is none. */
export async function enrolLinotp(phone: VirtualPhone, uri: string, options: LinotpEnrolOptions): Promise<PhoneToken | undefined> {
  if (!isPairingUrl(uri)) return undefined;
  const { gda, login, inbox } = options;
  return tokenOf(expectDone(await phone.linotp.enrol(uri, { gda, login, inbox })));
}

/** The tokens of LinOTP on the phone. */
export const listLinotp = (phone: VirtualPhone): PhoneToken[] => expectDone(phone.linotp.list()).map(tokenOf);

const tokenOf = ({ serial, state, callbackUrl }: { serial: string; state: string; callbackUrl: string }): PhoneToken => ({
  serial,
  issuer: 'LinOTP',
  state,
  url: callbackUrl,
});

/** Whether this phone has a token of LinOTP with this serial. */
export const hasLinotp = (phone: VirtualPhone, serial: string | undefined): boolean =>
  serial !== undefined && expectDone(phone.linotp.list()).some((token) => token.serial === serial);

/** What came into the inboxes of the phone's tokens. */
export const waitingLinotp = async (phone: VirtualPhone, serial?: string): Promise<LinotpRequest[]> =>
  expectDone(await phone.linotp.poll(serial));

/** What a request asks, in words. */
export function linotpWords(ask: LinotpAsk): string {
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
