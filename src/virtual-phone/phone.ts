import { openHttp } from '../foundation/wire/index.ts';
import { sendAddress } from './address-update.ts';
import { type Answered, answerForm, answerJson, fittingVerdict, readAnswered, type Verdict } from './answer.ts';
import { type AppName, appOf } from './apps.ts';
import { type PushRequest, readMessage } from './challenge.ts';
import { type Exchange, openExchange, type Reply } from './exchange.ts';
import { openLinotpFile, openPhoneFile, type PhoneFile } from './file.ts';
import { type Inbox, openInbox, type Taken } from './inbox.ts';
import { type LinotpPhone, openLinotpPhone } from './linotp/phone.ts';
import { done, no, type Outcome } from './outcome.ts';
import { failedPoll, type PollReport, pollToken } from './poll.ts';
import { openTokens, type Tokens } from './tokens.ts';

/**
 * `file` is the tokens' file; `clock` gives epoch ms. `app` scans QR codes; a token stays with the app that scanned it.
 * `ecKeys`: new tokens sign with an EC key (P-256), which eduMFA servers also accept. `keyBits` (4096) and `timeoutMs`
 * (15,000) default to the app's; `ca` is PEM, trusted instead of the system's authorities; `openHttp` is for tests that
 * inspect requests.
 */
export type PhoneOptions = {
  file: string;
  clock: () => number;
  app?: AppName;
  ecKeys?: boolean;
  keyBits?: number;
  timeoutMs?: number;
  ca?: string;
  openHttp?: typeof openHttp;
};

/** A phone with an authenticator, as strict as the app. Every failure is an outcome with a reason. */
export type VirtualPhone = Tokens & {
  /** Receives a push. `wake-up`: fields are missing, and the app in the foreground polls at once. */
  receive(message: unknown): Taken | { kind: 'wake-up'; reason: string };
  /** Polls for open challenges of one token, or of all enrolled ones. One report per token. */
  poll(serial?: string): Promise<PollReport[]>;
  /** Accepts; a request with a choice needs the tapped `option`. */
  approve(request: PushRequest, options?: { option?: string | undefined }): Promise<Outcome<Answered>>;
  /** Declines; the app's reasons are `unknown_trigger` ("not me") and `cancelled`. */
  decline(request: PushRequest, options?: { reason?: string | undefined; option?: string | undefined }): Promise<Outcome<Answered>>;
  updateAddress(serial: string, fcmToken: string): Promise<Outcome<Reply>>;
  /** The LinOTP push tokens on the same phone. */
  readonly linotp: LinotpPhone;
  /** Closes the connections. */
  close(): Promise<void>;
};

type Parts = { file: PhoneFile; exchange: Exchange; clock: () => number; inbox: Inbox };

/** Opens a phone. Its tokens are in the file; shown requests are in memory. */
export function openPhone(options: PhoneOptions): VirtualPhone {
  const { clock, keyBits = 4096, app = 'privacyidea', ecKeys = false } = options;
  const file = openPhoneFile(options.file);
  const exchange = openExchange({ openHttp, timeoutMs: 15_000, ...options });
  const parts: Parts = { file, exchange, clock, inbox: openInbox({ file, clock }) };
  return {
    ...openTokens({ file, exchange, clock, app, keys: ecKeys ? 'ec' : keyBits }),
    receive(raw) {
      const message = readMessage(raw);
      return message.ok ? parts.inbox.take(message.value) : { kind: 'wake-up', reason: message.reason };
    },
    poll: (serial) => (serial === undefined ? pollAll(parts) : pollOne(parts, serial)),
    approve: (request, { option } = {}) => answer(parts, request, { decline: false, option }),
    decline: (request, { reason, option } = {}) => answer(parts, request, { decline: true, reason, option }),
    async updateAddress(serial, fcmToken) {
      const token = file.find(serial);
      return token.ok ? sendAddress(parts, token.value, fcmToken) : token;
    },
    linotp: openLinotpPhone({ file: openLinotpFile(options.file), exchange, clock, fetchText: exchange.text }),
    close: () => exchange.close(),
  };
}

async function pollOne(parts: Parts, serial: string): Promise<PollReport[]> {
  const token = parts.file.find(serial);
  return [token.ok ? await pollToken(parts, token.value) : failedPoll(serial, token.reason)];
}

async function pollAll(parts: Parts): Promise<PollReport[]> {
  const tokens = parts.file.read();
  if (!tokens.ok) return [failedPoll('', tokens.reason)];
  return Promise.all(tokens.value.filter(({ serverKey }) => serverKey).map((token) => pollToken(parts, token)));
}

async function answer({ file, exchange, clock }: Parts, request: PushRequest, verdict: Verdict): Promise<Outcome<Answered>> {
  const token = file.find(request.serial);
  if (!token.ok) return token;
  if (!token.value.privateKey) return no(`${request.serial} is not rolled out`);
  const fitting = fittingVerdict(request, verdict, clock());
  if (!fitting.ok) return fitting;
  const { app, privateKey } = token.value;
  const { sendsJson, answersWhereItEnrolled } = appOf(token.value);
  const { url, sslVerify } = answersWhereItEnrolled ? token.value : request;
  const fields = (sendsJson ? answerJson : answerForm)(privateKey, request, fitting.value);
  const reply = await exchange.post({ url, sslVerify, app }, fields, 'again');
  return reply.ok ? done(readAnswered(reply.value, fitting.value)) : reply;
}
