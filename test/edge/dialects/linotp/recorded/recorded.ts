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

/** The serials of the push tokens that were made, in their order; below, a push token is named by its place here. */
export const serialsOf = (all: readonly RecordedEvent[]): string[] =>
  all.flatMap(({ request: { path, params }, response }) =>
    path === '/admin/init' && response.result?.value === true && params.serial ? [params.serial] : [],
  );

/** The users that the recorded server knew: those who own a push token. The first one logs in by PIN, the last one by password, too. */
export const ownersOf = (all: readonly RecordedEvent[]): string[] => {
  const serials = serialsOf(all);
  const owners = all.flatMap(({ request: { path, params } }) =>
    path === '/admin/init' && serials.includes(params.serial ?? '') && params.user ? [params.user] : [],
  );
  return [...new Set(owners)];
};

/** The realm of the recorded server. */
export const realmOf = (all: readonly RecordedEvent[]): string =>
  all.flatMap(({ response }) => response.result?.value?.data?.[0]?.['LinOtp.RealmNames'] ?? [])[0];

/** The numbers that the recorded phones chose for their push tokens. */
export const tokenNumbers: readonly number[] = [0, 2, 3, 4];

/** What each recorded pairing response said, by the label of the request that sent it first; the same text again is the same response. */
export const pairings: Readonly<Record<string, { token: number; gda: string; says?: string; isOtherKey?: boolean }>> = {
  pair: { token: 0, gda: 'DEADBEEF' },
  'pair again, other gda': { token: 0, gda: 'OTHER' },
  'pair unknown serial': { token: 0, gda: 'DEADBEEF', says: 'NOSUCH' },
  'pair 3': { token: 1, gda: 'DEADBEEF' },
  're-pair active with other gda': { token: 0, gda: 'NEWGDA' },
  're-pair active with another key': { token: 0, gda: 'EVIL', isOtherKey: true },
  'pair 2': { token: 2, gda: 'DEADBEEF' },
  'pair 4': { token: 3, gda: 'OLDPHONE' },
  'gda changed by re-pairing': { token: 3, gda: 'NEWPHONE' },
};

/** Whose phone answered under the number of a whole transaction. */
export const answeredBy: Readonly<Record<string, number>> = { 'accept sent to the parent id': 2 };

/** Requests whose signature was wrong in the recording, or whose challenge is not there: it is sent as it was. */
export const sentAsRecorded: readonly string[] = [
  'accept without transactionid',
  'accept unknown transaction',
  'accept with a bad signature',
];

/**
 * Where our reply is another one on purpose: `instead` makes of the recorded one, its pushes included, what is expected, perhaps out of another one.
 */
type Deviation = {
  at: readonly string[];
  why: string;
  instead(event: RecordedEvent, all: readonly RecordedEvent[]): RecordedEvent;
};

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

const labelled = (all: readonly RecordedEvent[], label: string) => all.find((event) => event.label === label);

/** How a challenge stands, in a reply of check_status. */
function standing(event: RecordedEvent, all: readonly RecordedEvent[], status: object): RecordedEvent {
  const { transactionid = '' } = event.request.params;
  const token = { serial: serialsOf(all)[0], type: 'push' };
  return withValue(event, true, { transactions: { [transactionid]: { ...status, token } } });
}

const open = { received_count: 0, received_tan: false, valid_tan: false, message: '', status: 'open' };
const accepted = { received_count: 1, received_tan: true, valid_tan: true, message: '', status: 'closed', accept: true };

/** All of them; docs/compatibility.md tells them to users. */
export const deviations: readonly Deviation[] = [
  {
    at: [
      'define provider',
      'define provider, alias class, make default',
      'define provider, timeout missing',
      'define provider, unknown class',
      'define provider, config is not JSON (accepted)',
      'define provider, name with a dot',
      'define managed provider',
      'change managed provider without password',
      'set default',
      'set default unknown',
      'delete the default',
      'delete one used in a policy',
      'delete',
      'delete unknown',
      'delete managed without password',
      'delete managed with password',
    ],
    why: 'providers stand in the configuration file, and no call changes them',
    instead: (event) => withError(event, 410, inTheFile),
  },
  {
    at: ['list'],
    why: 'the providers of the configuration file, each shown as one that is managed elsewhere',
    instead: (event) => withValue(event, providers),
  },
  { at: ['list one'], why: 'the same', instead: (event) => withValue(event, { cs: providers.cs }) },
  { at: ['test provider (push has no test)'], why: 'testProvider tests: this one works', instead: (event) => withValue(event, true) },
  {
    at: ['test provider with broken config'],
    why: 'a provider whose config cannot be read stops the start, so there is none',
    instead: (event) => withError(event, -311, "Unable to load provider: 'cs4'"),
  },
  {
    at: ['init detail of token'],
    why: 'no device address and no login of the phone in the info; a user of a file has its name for an id, and no description',
    instead(event) {
      const { data, resultset } = event.response.result.value;
      const { gda: _gda, user_login: _login, ...info } = JSON.parse(data[0]['LinOtp.TokenInfo']);
      const text = `{\n${Object.entries(info)
        .map(([key, value]) => `"${key}": ${JSON.stringify(value)}`)
        .join(',\n')}\n}`;
      const ours = { 'LinOtp.IdResolver': 'passwd', 'LinOtp.IdResClass': '', 'LinOtp.Userid': data[0]['User.username'] };
      const row = { ...data[0], 'LinOtp.TokenInfo': text, ...ours, 'User.description': '', 'User.userid': data[0]['User.username'] };
      return withValue(event, { data: [row], resultset });
    },
  },
  {
    at: ['status after bad accept'],
    why: 'a wrong answer does not end the challenge',
    instead: (event, all) => standing(event, all, open),
  },
  {
    at: ['accept good after bad', 'good accept after a bad reject', 'good accept after 6 bad ones'],
    why: 'the right answer counts after wrong ones',
    instead: (event) => withValue(event, true),
  },
  {
    at: ['status after good accept', 'status after bad reject + good accept'],
    why: 'the right answer counts after wrong ones',
    instead: (event, all) => standing(event, all, accepted),
  },
  {
    at: ['push service unreachable'],
    why: 'a push whose connection fails is sent once more',
    instead: ({ pushed = [], ...event }) => ({ ...event, pushed: pushed.flatMap((push) => [push, push]) }),
  },
  {
    at: ['check_t with text on push', 'check_t with text on an open push challenge'],
    why: 'wrong answers of phones do not count against the push token, wrong PINs do',
    instead: (event, all) =>
      withValue(event, { value: false, failcount: 2 }, { value: false, failcount: 2, token_type: 'push', serial: serialsOf(all)[0] }),
  },
  {
    at: ['push_provider with two names'],
    why: 'push_provider is a list, tried in order',
    instead: (event, all) => like(event, labelled(all, 'push goes to the new gda')),
  },
  {
    at: ['push_provider names an unknown provider'],
    why: 'a rule that names an unknown provider is refused when it is read; what was there before goes on',
    instead: (event, all) => like(event, labelled(all, 'push goes to the new gda')),
  },
  {
    at: ['simplecheck two tokens'],
    why: 'both phones are asked',
    instead: (event, all) => ({
      ...like(event, labelled(all, 'two tokens again')),
      response: `:-( 00000000000000 Multiple challenges submitted.`,
    }),
  },
  {
    at: ['token after 14 bad answers'],
    why: 'wrong answers lock no push token',
    instead: (event, all) => like(event, labelled(all, 'next challenge after that')),
  },
  {
    at: ['gda changed by re-pairing'],
    why: 'a denied activation does not activate, so a response with another address may be that of another phone',
    instead: (event) => ({ ...event, response: { ...event.response, id: 0, result: { status: false, value: false } } }),
  },
  {
    at: ['set a partition policy'],
    why: 'policies stand in the configuration file, and no call changes them',
    instead: (event) =>
      withError(event, 410, 'ERR410: Policies and settings of this gateway stand in its configuration file; change them there.'),
  },
  {
    at: ['config defaults 2'],
    why: 'there is no number of wrong answers that ends a challenge',
    instead: (event) => withValue(event, { 'getConfig PushMaxChallenges': null }),
  },
];

/** What the gateway is expected to reply and to push: the recording, unless we differ on purpose. */
export function expectedOf(all: readonly RecordedEvent[], index: number): RecordedEvent {
  const recorded = all[index];
  if (!recorded) throw new Error(`There is no event ${index}`);
  return deviations.find(({ at }) => at.includes(recorded.label))?.instead(recorded, all) ?? recorded;
}
