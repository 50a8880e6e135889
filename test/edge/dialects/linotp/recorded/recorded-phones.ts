import assert from 'node:assert/strict';
import { answerForm, type LinotpAsk, type LinotpRequest, openChallenge } from '../../../../../src/virtual-phone/linotp/challenge.ts';
import { type LinotpTestPhone, linotpTestPhone } from '../../../../kit/linotp.ts';
import type { Pushed } from '../../../../kit/linotp-gateway.ts';
import { answeredBy, pairings, type RecordedEvent, sentAsRecorded } from './recorded.ts';
import { inLiveNames, type Names } from './recorded-names.ts';
import { addressTold, serialsOf, tokenNumberOf } from './recorded-server.ts';

type Params = Readonly<Record<string, string>>;

/** The phones of the recording: they give the recorded answers, with their own keys. */
export type RecordedPhones = {
  /** A phone reads the QR code of its push token. */
  scan(serial: string, pairingUrl: string): void;
  /** The parameters of a recorded request as the live side needs them. */
  params(event: RecordedEvent, names: Names): Params;
  /** The question of a push, and its push token. */
  read(push: Pushed): LinotpRequest;
  /** The question that a recorded request should send to its phone. */
  expectedAsk(event: RecordedEvent, serial: string): LinotpAsk;
};

/** Opens those of a recording over the pushes that come in. */
export function recordedPhones(pushed: readonly Pushed[], events: readonly RecordedEvent[]): RecordedPhones {
  const serials = serialsOf(events);
  const phones = new Map<string, LinotpTestPhone>();
  const responses = new Map<string, string>();
  const active = new Set<string>();

  const phoneOf = (serial: string): LinotpTestPhone => {
    const phone = phones.get(serial);
    assert.ok(phone, `the phone of ${serial} has read its code`);
    return phone;
  };
  const read = (push: Pushed): LinotpRequest => {
    const opened = openChallenge(
      push.challenge,
      [...phones.values()].map(({ token }) => token),
    );
    assert.ok(opened.ok, opened.ok ? '' : opened.reason);
    return opened.value;
  };
  const response = (recorded: string, label: string): string => {
    const before = responses.get(recorded);
    const said = pairings[label];
    if (before !== undefined || !said) return before ?? recorded;
    const serial = serials[said.token] ?? '';
    const { token, pairing } = phoneOf(serial);
    const seed = said.isOtherKey ? Buffer.alloc(32, 1).toString('base64') : token.seed;
    const text = pairing({ seed, gda: addressTold(events, label), login: '', serial: said.isOtherSerial ? `NOT${serial}` : serial });
    responses.set(recorded, text);
    return text;
  };
  /**
   * The answered challenge: under its own number, or by the phone that is known to have answered under that of
   * the whole.
   */
  const signature = (word: 'ACCEPT' | 'DENY', id: string, label: string): string => {
    const at = answeredBy[label];
    const serial = at === undefined ? undefined : serials[at];
    const push = pushed.findLast(({ transactionId, ...rest }) =>
      serial === undefined
        ? transactionId === id
        : transactionId.startsWith(`${id}.`) && read({ transactionId, ...rest }).serial === serial,
    );
    assert.ok(push, `${id} was pushed`);
    const request = read(push);
    if (word === 'ACCEPT') active.add(request.serial);
    return answerForm(phoneOf(request.serial).token, request, word).signature;
  };
  return {
    read,
    scan(serial, pairingUrl) {
      const phone = linotpTestPhone(pairingUrl);
      phone.token.tokenId = tokenNumberOf(events, serial);
      phones.set(serial, phone);
    },
    params({ label, request: { path, params } }, names) {
      const live = Object.fromEntries(Object.entries(params).map(([name, value]) => [name, inLiveNames(names, value)]));
      const { pairing_response: pairing, signature: signed = 'AAAA', transactionid = '' } = live;
      if (pairing !== undefined) return { ...live, pairing_response: response(pairing, label) };
      if (signed === 'AAAA' || sentAsRecorded.includes(label)) return live;
      return { ...live, signature: signature(path.endsWith('/accept_transaction') ? 'ACCEPT' : 'DENY', transactionid, label) };
    },
    expectedAsk({ request: { params } }, serial) {
      const { data = '', content_type: type } = params;
      if (!active.has(serial)) return { kind: 'pairing', serial };
      if (type !== '2') return { kind: 'signreq', message: data };
      const [login = '', host = ''] = data.split('@');
      return { kind: 'login', login, host };
    },
  };
}
