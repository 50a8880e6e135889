import { type Deviation, type Expected, expectedBy, type Recorded, type RecordedReply, repliesOf } from './recorded.ts';

/** Requests whose signature was wrong in the recording: another key, another text. */
export const wronglySigned: readonly number[] = [30, 34, 52];

const { withValue, common } = repliesOf('eduMFA', '2.9.5');

const withAuthentication = ({ status, response }: RecordedReply, authentication: string): RecordedReply => ({
  status,
  response: { ...response, result: { ...response.result, authentication } },
});

/** All of them; docs/compatibility.md tells them to users. */
const deviations: readonly Deviation[] = [
  ...common,
  {
    at: [0],
    why: 'only what clients read, and nothing about a web interface',
    instead({ status, response }) {
      const { log_level, menus, realm, rights, role, token, username } = response.result.value;
      const value = { auth: true, log_level, menus, realm, rights, role, token, username };
      return { status, response: { ...response, result: { ...response.result, value } } };
    },
  },
  {
    at: [16],
    why: 'no private key and no device address in info',
    instead({ status, response }) {
      const { tokens, ...list } = response.result.value;
      const { firebase_token, private_key_server, 'private_key_server.type': type, ...info } = tokens[0].info;
      const token = { ...tokens[0], id: '<int>', info };
      return { status, response: { ...response, result: { status: true, value: { ...list, tokens: [token] } } } };
    },
  },
  { at: [47], why: 'who has declined does not accept any more', instead: (expected) => withValue(expected, false) },
  { at: [48], why: 'the decline stands', instead: (expected, recorded) => recorded[46] ?? expected },
  { at: [49], why: 'the decline stands', instead: (expected, recorded) => recorded[23] ?? expected },
  { at: [55, 60, 69], why: 'an open challenge is not accepted', instead: (expected) => withAuthentication(expected, 'CHALLENGE') },
  {
    at: [71],
    why: 'an unknown URL is refused in JSON, not in HTML',
    instead: ({ status }) => ({ status, response: { error: 'Not found' } }),
  },
];

/** What the gateway is expected to reply, and how many pushes it sends: the recording, unless we differ on purpose. */
export const expectedOf = (cases: readonly Recorded[], index: number): Expected => expectedBy(deviations, cases, index);
