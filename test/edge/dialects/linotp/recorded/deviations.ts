import type { RecordedEvent } from './recorded.ts';
import { serialsOf } from './recorded-server.ts';

/**
 * A deliberate deviation of our reply: `instead` derives the expected reply from the recorded one with its pushes,
 * perhaps with the help of another one.
 */
type Deviation = {
  of(event: RecordedEvent): boolean;
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

/** The reply and the pushes of another event, with separate names. */
function like(event: RecordedEvent, other: RecordedEvent | undefined): RecordedEvent {
  const text = JSON.stringify({ response: other?.response, pushed: other?.pushed });
  const own = text.replace(/(?<=")\d{14}(?:\d{3})?(?=[".])/g, (id) => `${event.label}, ${id}`);
  return { ...event, ...JSON.parse(own) };
}

const managed = (Class: string, Default: boolean) => ({ Class, Timeout: '', Managed: true, Default });
const providers = { cs: managed('DefaultPushProvider', true), poll: managed('poll-only', false) };
const inTheFile = 'ERR410: Providers of this gateway stand in its configuration file; change them there.';

const labelled =
  (...labels: readonly string[]) =>
  ({ label }: RecordedEvent): boolean =>
    labels.includes(label);

/** The state of a challenge in a reply of check_status. */
function standing(event: RecordedEvent, all: readonly RecordedEvent[], status: object): RecordedEvent {
  const { transactionid = '' } = event.request.params;
  const token = { serial: serialsOf(all)[0], type: 'push' };
  return withValue(event, true, { transactions: { [transactionid]: { ...status, token } } });
}

const open = { received_count: 0, received_tan: false, valid_tan: false, message: '', status: 'open' };
const accepted = { received_count: 1, received_tan: true, valid_tan: true, message: '', status: 'closed', accept: true };

/** All of them; docs/compatibility.md tells them to users. */
const deviations: readonly Deviation[] = [
  {
    of: ({ request: { path }, response }) =>
      /^\/system\/(set|setDefault|del)Provider$/.test(path) && !/unknown provider type/.test(response.result.error?.message),
    why: 'providers stand in the configuration file, and no call changes them',
    instead: (event) => withError(event, 410, inTheFile),
  },
  {
    of: ({ request: { path }, response }) => path === '/system/getProvider' && response.result.status === true,
    why: 'the providers of the configuration file, each shown as one that is managed elsewhere',
    instead: (event) =>
      withValue(event, Object.fromEntries(Object.entries(providers).filter(([name]) => (event.request.params.name ?? name) === name))),
  },
  {
    of: ({ request: { path } }) => path === '/system/testProvider',
    why: 'testProvider tests: those of the configuration file work, and no others are there',
    instead: (event) => {
      const { name = '' } = event.request.params;
      return name in providers ? withValue(event, true) : withError(event, -311, `Unable to load provider: '${name}'`);
    },
  },
  {
    of: labelled('init detail of token'),
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
    of: labelled('status after bad accept'),
    why: 'a wrong answer does not end the challenge',
    instead: (event, all) => standing(event, all, open),
  },
  {
    of: labelled('accept good after bad', 'good accept after a bad reject', 'good accept after 6 bad ones'),
    why: 'the right answer counts after wrong ones',
    instead: (event) => withValue(event, true),
  },
  {
    of: labelled('status after good accept', 'status after bad reject + good accept'),
    why: 'the right answer counts after wrong ones',
    instead: (event, all) => standing(event, all, accepted),
  },
  {
    of: labelled('push service unreachable'),
    why: 'a push whose connection fails is sent once more',
    instead: ({ pushed = [], ...event }) => ({ ...event, pushed: pushed.flatMap((push) => [push, push]) }),
  },
  {
    of: labelled('check_t with text on push', 'check_t with text on an open push challenge'),
    why: 'wrong answers of phones do not count against the push token, wrong PINs do',
    instead: (event, all) =>
      withValue(event, { value: false, failcount: 2 }, { value: false, failcount: 2, token_type: 'push', serial: serialsOf(all)[0] }),
  },
  {
    of: labelled('push_provider with two names'),
    why: 'push_provider is a list, tried in order',
    instead: (event, all) => like(event, all.find(labelled('push goes to the new gda'))),
  },
  {
    of: labelled('push_provider names an unknown provider'),
    why: 'a rule that names an unknown provider is refused when it is read; what was there before goes on',
    instead: (event, all) => like(event, all.find(labelled('push goes to the new gda'))),
  },
  {
    of: labelled('simplecheck two tokens'),
    why: 'both phones are asked',
    instead: (event, all) => ({
      ...like(event, all.find(labelled('two tokens again'))),
      response: `:-( 00000000000000 Multiple challenges submitted.`,
    }),
  },
  {
    of: labelled('token after 14 bad answers'),
    why: 'wrong answers lock no push token',
    instead: (event, all) => like(event, all.find(labelled('next challenge after that'))),
  },
  {
    of: labelled('gda changed by re-pairing'),
    why: 'a denied activation does not activate, so a response with another address may be that of another phone',
    instead: (event) => ({ ...event, response: { ...event.response, id: 0, result: { status: false, value: false } } }),
  },
  {
    of: labelled('set a partition policy'),
    why: 'policies stand in the configuration file, and no call changes them',
    instead: (event) =>
      withError(event, 410, 'ERR410: Policies and settings of this gateway stand in its configuration file; change them there.'),
  },
  {
    of: labelled('config defaults 2'),
    why: 'there is no number of wrong answers that ends a challenge',
    instead: (event) => withValue(event, { 'getConfig PushMaxChallenges': null }),
  },
];

/** The expected reply and pushes of the gateway: the recorded ones, except for deliberate deviations. */
export function expectedOf(all: readonly RecordedEvent[], index: number): RecordedEvent {
  const recorded = all[index];
  if (!recorded) throw new Error(`There is no event ${index}`);
  return deviations.find(({ of }) => of(recorded))?.instead(recorded, all) ?? recorded;
}
