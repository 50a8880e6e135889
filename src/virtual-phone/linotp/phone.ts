import { randomBytes, randomInt } from 'node:crypto';
import { z } from 'zod';
import type { Exchange } from '../exchange.ts';
import type { TokenList } from '../file.ts';
import { done, no, type Outcome } from '../outcome.ts';
import { answerForm, answerUrl, isChallengeUrl, type LinotpRequest, openChallenge } from './challenge.ts';
import { pairingResponse, readPairingUrl } from './pairing.ts';
import type { LinotpToken, LinotpTokenView } from './token.ts';

/** The dependencies of a LinOTP phone. `fetchText` reads an inbox. */
export type LinotpParts = {
  file: TokenList<LinotpToken>;
  exchange: Exchange;
  clock: () => number;
  fetchText: (url: string) => Promise<Outcome<string>>;
};

/** Options of an enrolment: the address for the server, the user's name, and the inbox of its pushes. */
export type LinotpEnrolment = { gda?: string | undefined; login?: string | undefined; inbox?: string | undefined };

/** The LinOTP half of the phone. Every failure is an outcome with a reason. */
export type LinotpPhone = {
  /** Scans a pairing URL and pairs. An existing token reports its new address with its old key. */
  enrol(uri: string, enrolment?: LinotpEnrolment): Promise<Outcome<LinotpTokenView>>;
  list(): Outcome<LinotpTokenView[]>;
  /** Receives a push: a challenge URL. */
  receive(url: string): Outcome<LinotpRequest>;
  /** Reads unanswered challenges from the inboxes, of one token or of all with an inbox. */
  poll(serial?: string): Promise<Outcome<LinotpRequest[]>>;
  /** Answers; the value is the server's judgement. */
  answer(request: LinotpRequest, word: 'ACCEPT' | 'DENY'): Promise<Outcome<boolean>>;
  remove(serial: string): Outcome<LinotpTokenView>;
};

/** Opens the LinOTP half of a phone. @see docs/protocols/linotp.md 7 to 9 */
export function openLinotpPhone(parts: LinotpParts): LinotpPhone {
  const tokens = (): LinotpToken[] => {
    const read = parts.file.read();
    return read.ok ? read.value : [];
  };
  return {
    enrol: (uri, enrolment = {}) => enrol(parts, uri, enrolment),
    list() {
      const read = parts.file.read();
      return read.ok ? done(read.value.map(view)) : read;
    },
    receive: (url) => openChallenge(url, tokens()),
    async poll(serial) {
      const polled = tokens().filter((token) => token.inbox !== undefined && (serial === undefined || token.serial === serial));
      const read = await readInboxes(parts, polled);
      if (!read.ok) return read;
      const requests = read.value.flatMap((url) => {
        const opened = openChallenge(url, polled);
        return opened.ok ? [opened.value] : [];
      });
      const answered = new Set(polled.flatMap((token) => token.answered));
      const isFresh = ({ transactionId, sentAt }: LinotpRequest) => !answered.has(transactionId) && parts.clock() < sentAt + shownMs;
      return done(requests.filter(isFresh));
    },
    answer: (request, word) => answer(parts, request, word),
    remove(serial) {
      const removed = parts.file.remove(serial);
      return removed.ok ? done(view(removed.value)) : removed;
    },
  };
}

async function enrol({ file, exchange, clock }: LinotpParts, uri: string, enrolment: LinotpEnrolment): Promise<Outcome<LinotpTokenView>> {
  const offer = readPairingUrl(uri);
  if (!offer.ok) return offer;
  const known = file.find(offer.value.serial);
  const { gda = '', login = '', inbox } = enrolment;
  const keys = { tokenId: randomInt(2 ** 32 - 1), seed: randomBytes(32).toString('base64') };
  const fresh = { ...keys, scannedAt: clock(), state: 'scanned', answered: [] } as const;
  const before = known.ok ? known.value : { ...fresh, answered: [] };
  const token: LinotpToken = { ...before, ...offer.value, gda, login, ...(inbox === undefined ? {} : { inbox }) };
  const kept = file.put(token);
  if (!kept.ok) return kept;
  const reply = await exchange.post(targetOf(token.callbackUrl), { pairing_response: pairingResponse(token, randomBytes(32)) }, 'again');
  if (!reply.ok) return no(`the pairing failed: ${reply.reason}`);
  const paired = file.put({ ...token, state: token.state === 'active' ? 'active' : 'paired' });
  return paired.ok ? done(view(paired.value)) : paired;
}

async function answer({ file, exchange }: LinotpParts, request: LinotpRequest, word: 'ACCEPT' | 'DENY'): Promise<Outcome<boolean>> {
  const token = file.find(request.serial);
  if (!token.ok) return token;
  const url = answerUrl(request.callbackUrl, token.value.callbackUrl, word);
  const reply = await exchange.post(targetOf(url), answerForm(token.value, request, word), 'again');
  if (!reply.ok) return reply;
  const isTaken = reply.value.value === true;
  const isActivated = isTaken && word === 'ACCEPT' && request.ask.kind === 'pairing';
  const answered = [...token.value.answered, request.transactionId].slice(-rememberedAnswers);
  const kept = file.put({ ...token.value, answered, ...(isActivated ? { state: 'active' as const } : {}) });
  return kept.ok ? done(isTaken) : kept;
}

/** How long an inbox shows a challenge (ms): longer than any server waits for its answer. */
const shownMs = 600_000;
const rememberedAnswers = 20;
const targetOf = (url: string) => ({ url, sslVerify: true });
const Deliveries = z.array(z.looseObject({ address: z.string().optional(), payload: z.unknown().optional() }));

/** The challenge URLs sent to these tokens' addresses, oldest first, without duplicates. */
async function readInboxes({ fetchText }: LinotpParts, tokens: readonly LinotpToken[]): Promise<Outcome<string[]>> {
  const urls = new Set<string>();
  for (const inbox of new Set(tokens.map((token) => token.inbox ?? ''))) {
    const text = await fetchText(`${inbox.replace(/\/$/, '')}/__control/deliveries`);
    if (!text.ok) return no(`the inbox ${inbox} cannot be read: ${text.reason}`);
    const read = Deliveries.safeParse(parsed(text.value));
    if (!read.success) return no(`the inbox ${inbox} is not a list of deliveries`);
    const addresses = tokens.filter((token) => token.inbox === inbox).map(({ gda }) => gda);
    for (const { address, payload } of read.data)
      if (address !== undefined && addresses.includes(address) && typeof payload === 'string' && isChallengeUrl(payload)) urls.add(payload);
  }
  return done([...urls]);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const view = ({ serial, callbackUrl, gda, state }: LinotpToken): LinotpTokenView => ({ serial, callbackUrl, gda, state });
