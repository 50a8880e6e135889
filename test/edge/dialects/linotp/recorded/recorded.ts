/** A push as the recorded push service got it; its challenge is shortened. */
export type RecordedPush = { challenge: string; gda: string; transactionId: string };

/** One request to the real server, its reply, and what was pushed meanwhile. */
export type RecordedEvent = {
  label: string;
  request: { path: string; params: Readonly<Record<string, string>> };
  status: number;
  content_type: string;
  // biome-ignore lint/suspicious/noExplicitAny: the recording is whatever the wire brought
  response: any;
  pushed?: readonly RecordedPush[];
};

/** The numbers that the recorded phones chose for their push tokens. */
export const tokenNumbers: Readonly<Record<string, number>> = { PUSH0001: 0, PUSH0003: 2, PUSH0002: 3, PUSH0004: 4 };

/** What each recorded pairing response said, by the place of the request that sent it first; the same text again is the same response. */
export const pairings: Readonly<Record<number, { serial: string; gda: string; says?: string; isOtherKey?: boolean }>> = {
  32: { serial: 'PUSH0001', gda: 'DEADBEEF' },
  34: { serial: 'PUSH0001', gda: 'OTHER' },
  35: { serial: 'PUSH0001', gda: 'DEADBEEF', says: 'NOSUCH' },
  94: { serial: 'PUSH0003', gda: 'DEADBEEF' },
  107: { serial: 'PUSH0001', gda: 'NEWGDA' },
  109: { serial: 'PUSH0001', gda: 'EVIL', isOtherKey: true },
  114: { serial: 'PUSH0002', gda: 'DEADBEEF' },
  154: { serial: 'PUSH0004', gda: 'OLDPHONE' },
  158: { serial: 'PUSH0004', gda: 'NEWPHONE' },
};

/** Whose phone answered under the number of a whole transaction. */
export const answeredBy: Readonly<Record<number, string>> = { 124: 'PUSH0002' };

/** Requests whose signature was wrong in the recording, or whose challenge is not there: it is sent as it was. */
export const sentAsRecorded: readonly number[] = [54, 55, 56];

/**
 * Where our reply is another one on purpose: `instead` makes of the recorded one, its pushes included, what is expected, perhaps out of another one.
 */
type Deviation = {
  at: readonly number[];
  why: string;
  instead(event: RecordedEvent, all: readonly RecordedEvent[]): RecordedEvent;
};

const from = (first: number, last: number): number[] => Array.from({ length: last - first + 1 }, (_, index) => first + index);

function withResult(event: RecordedEvent, result: object, detail?: object): RecordedEvent {
  const { detail: _detail, ...rest } = event.response;
  return { ...event, response: { ...rest, result, ...(detail ? { detail } : {}) } };
}

const withValue = (event: RecordedEvent, value: unknown, detail?: object): RecordedEvent =>
  withResult(event, { status: true, value }, detail);

const withError = (event: RecordedEvent, code: number, message: string): RecordedEvent =>
  withResult(event, { status: false, error: { code, message } });

/** The reply and the pushes of another event, under names of their own. */
function like(event: RecordedEvent, other: RecordedEvent | undefined): RecordedEvent {
  const text = JSON.stringify({ response: other?.response, pushed: other?.pushed });
  const own = text.replace(/(?<=")\d{14}(?:\d{3})?(?=[".])/g, (id) => `${event.label}, ${id}`);
  return { ...event, ...JSON.parse(own) };
}

const managed = (Class: string, Default: boolean) => ({ Class, Timeout: '', Managed: true, Default });
const providers = { cs: managed('DefaultPushProvider', true), poll: managed('poll-only', false) };
const inTheFile = 'ERR410: Providers of this gateway stand in its configuration file; change them there.';

/** How a challenge stands, in a reply of check_status. */
function standing(event: RecordedEvent, status: object): RecordedEvent {
  const { transactionid = '' } = event.request.params;
  const token = { serial: 'PUSH0001', type: 'push' };
  return withValue(event, true, { transactions: { [transactionid]: { ...status, token } } });
}

const open = { received_count: 0, received_tan: false, valid_tan: false, message: '', status: 'open' };
const accepted = { received_count: 1, received_tan: true, valid_tan: true, message: '', status: 'closed', accept: true };

/** All of them; docs/compatibility.md tells them to users. */
export const deviations: readonly Deviation[] = [
  {
    at: [...from(0, 2), ...from(4, 8), ...from(13, 20)],
    why: 'providers stand in the configuration file, and no call changes them',
    instead: (event) => withError(event, 410, inTheFile),
  },
  {
    at: [9],
    why: 'the providers of the configuration file, each shown as one that is managed elsewhere',
    instead: (event) => withValue(event, providers),
  },
  { at: [10], why: 'the same', instead: (event) => withValue(event, { cs: providers.cs }) },
  { at: [21], why: 'testProvider tests: this one works', instead: (event) => withValue(event, true) },
  {
    at: [22],
    why: 'a provider whose config cannot be read stops the start, so there is none',
    instead: (event) => withError(event, -311, "Unable to load provider: 'cs4'"),
  },
  {
    at: [36],
    why: 'no device address and no login of the phone in the info; a user of a file has its name for an id, and no description',
    instead(event) {
      const { data, resultset } = event.response.result.value;
      const { gda: _gda, user_login: _login, ...info } = JSON.parse(data[0]['LinOtp.TokenInfo']);
      const text = `{\n${Object.entries(info)
        .map(([key, value]) => `"${key}": ${JSON.stringify(value)}`)
        .join(',\n')}\n}`;
      const ours = { 'LinOtp.IdResolver': 'passwd', 'LinOtp.IdResClass': '', 'LinOtp.Userid': 'root' };
      const row = { ...data[0], 'LinOtp.TokenInfo': text, ...ours, 'User.description': '', 'User.userid': 'root' };
      return withValue(event, { data: [row], resultset });
    },
  },
  { at: [57], why: 'a wrong answer does not end the challenge', instead: (event) => standing(event, open) },
  { at: [58, 66, 142], why: 'the right answer counts after wrong ones', instead: (event) => withValue(event, true) },
  { at: [59, 67], why: 'the right answer counts after wrong ones', instead: (event) => standing(event, accepted) },
  {
    at: [86, 88],
    why: 'wrong answers of phones do not count against the push token, wrong PINs do',
    instead: (event) =>
      withValue(event, { value: false, failcount: 2 }, { value: false, failcount: 2, token_type: 'push', serial: 'PUSH0001' }),
  },
  {
    at: [110],
    why: 'push_provider is a list, tried in order',
    instead: (event, all) => like(event, all[108]),
  },
  {
    at: [111],
    why: 'a rule that names an unknown provider is refused when it is read; what was there before goes on',
    instead: (event, all) => like(event, all[108]),
  },
  {
    at: [130],
    why: 'both phones are asked',
    instead: (event, all) => ({ ...like(event, all[123]), response: `:-( 00000000000000 Multiple challenges submitted.` }),
  },
  {
    at: [152],
    why: 'wrong answers lock no push token',
    instead: (event, all) => like(event, all[143]),
  },
  {
    at: [158],
    why: 'a denied activation does not activate, so a response with another address may be that of another phone',
    instead: (event) => ({ ...event, response: { ...event.response, id: 0, result: { status: false, value: false } } }),
  },
  {
    at: [161],
    why: 'policies stand in the configuration file, and no call changes them',
    instead: (event) =>
      withError(event, 410, 'ERR410: Policies and settings of this gateway stand in its configuration file; change them there.'),
  },
  {
    at: [165],
    why: 'there is no number of wrong answers that ends a challenge',
    instead: (event) => withValue(event, { 'getConfig PushMaxChallenges': null }),
  },
];

/** What the gateway is expected to reply and to push: the recording, unless we differ on purpose. */
export function expectedOf(all: readonly RecordedEvent[], index: number): RecordedEvent {
  const recorded = all[index];
  if (!recorded) throw new Error(`There is no event ${index}`);
  return deviations.find(({ at }) => at.includes(index))?.instead(recorded, all) ?? recorded;
}
