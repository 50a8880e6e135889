import { type Deviation, type Expected, expectedBy, type Recorded, type RecordedReply } from './recorded.ts';

/** Requests whose signature was wrong in the recording: another key, another text. */
export const wronglySigned: readonly number[] = [30, 34, 52];

const envelope = { jsonrpc: '2.0', time: '<float>', version: 'eduMFA 2.9.5' };
const success = { ...envelope, versionnumber: '2.9.5' };

const withValue = ({ response }: RecordedReply, value: unknown): RecordedReply => ({
  status: 200,
  response: { ...success, id: response.id, nonce: response.nonce, result: { status: true, value } },
});

const withAuthentication = ({ status, response }: RecordedReply, authentication: string): RecordedReply => ({
  status,
  response: { ...response, result: { ...response.result, authentication } },
});

/** All of them; docs/compatibility.md tells them to users. */
const deviations: readonly Deviation[] = [
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
    at: [10, 22],
    why: 'a wrong method is refused in JSON, not in HTML',
    instead: ({ status }) => ({ status, response: { ...envelope, id: 1, detail: null, result: { status: false, error: notAllowed } } }),
  },
  { at: [15], why: 'a rollout that is repeated exactly gets the first reply', instead: (expected, recorded) => recorded[14] ?? expected },
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
  { at: [35], why: 'a signature that does not decode is a wrong one', instead: (expected) => withValue(expected, false) },
  {
    at: [40],
    why: 'what is answered is listed by its transaction id only',
    instead: (expected) => withValue(expected, { challenges: [], count: 0, current: 1, next: null, prev: null }),
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

const notAllowed = { code: 905, message: 'ERR905: Method … is not allowed here.' };

/** What the gateway is expected to reply, and how many pushes it sends: the recording, unless we differ on purpose. */
export const expectedOf = (cases: readonly Recorded[], index: number): Expected => expectedBy(deviations, cases, index);
