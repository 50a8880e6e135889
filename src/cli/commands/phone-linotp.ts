import { isPairingUrl, type LinotpAsk, type LinotpRequest, type VirtualPhone } from '../../virtual-phone/index.ts';
import { expectDone, type PhoneToken } from './phone-option.ts';

/** Options that only the enrolment of a LinOTP token takes. */
export type LinotpEnrolOptions = { gda?: string; login?: string; inbox?: string };

/** Pairs a LinOTP token if the text is a pairing URL; else returns undefined. */
export async function enrolLinotp(phone: VirtualPhone, uri: string, options: LinotpEnrolOptions): Promise<PhoneToken | undefined> {
  if (!isPairingUrl(uri)) return undefined;
  const { gda, login, inbox } = options;
  return tokenOf(expectDone(await phone.linotp.enrol(uri, { gda, login, inbox })));
}

/** The LinOTP tokens on the phone. */
export const listLinotp = (phone: VirtualPhone): PhoneToken[] => expectDone(phone.linotp.list()).map(tokenOf);

const tokenOf = ({ serial, state, callbackUrl }: { serial: string; state: string; callbackUrl: string }): PhoneToken => ({
  serial,
  issuer: 'LinOTP',
  state,
  url: callbackUrl,
});

/** Whether this phone has a LinOTP token with this serial. */
export const hasLinotp = (phone: VirtualPhone, serial: string | undefined): boolean =>
  serial !== undefined && expectDone(phone.linotp.list()).some((token) => token.serial === serial);

/** The requests in the inboxes of the phone's LinOTP tokens. */
export const waitingLinotp = async (phone: VirtualPhone, serial?: string): Promise<LinotpRequest[]> =>
  expectDone(await phone.linotp.poll(serial));

/** The question of a request, in words. */
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
