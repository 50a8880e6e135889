/** A reply: its status, and its body where that is JSON. */
export type RecordedReply = {
  status: number;
  // biome-ignore lint/suspicious/noExplicitAny: the recording is whatever the wire brought
  response: any;
};

/** One exchange of the real server, and what it sent to Firebase meanwhile. */
export type Recorded = RecordedReply & {
  request: { method: string; path: string; params: Record<string, unknown> | null; headers: Record<string, string> };
  sent_to_fcm: { body: { message: Record<string, unknown> } }[];
};

/** Requests whose signature was wrong in the recording: another key, another text. */
export const wronglySigned: readonly number[] = [30, 34, 64];

/**
 * Where our reply is another one on purpose: `instead` makes of the recorded reply the one that is expected, perhaps out of an earlier
 * recorded one; `pushes` is how many went out, where that differs.
 */
export type Deviation = {
  at: readonly number[];
  why: string;
  pushes?: number;
  instead(expected: RecordedReply, recorded: readonly RecordedReply[]): RecordedReply;
};

const notAllowed = { code: 905, message: 'ERR905: Method … is not allowed here.' };

/** A good reply of a server with another value, and where we differ from privacyIDEA and eduMFA alike. */
export function repliesOf(server: string, versionnumber: string) {
  const envelope = { jsonrpc: '2.0', time: '<float>', version: `${server} ${versionnumber}` };
  const withValue = ({ response }: RecordedReply, value: unknown): RecordedReply => ({
    status: 200,
    response: { ...envelope, versionnumber, id: response.id, nonce: response.nonce, result: { status: true, value } },
  });
  const common: readonly Deviation[] = [
    {
      at: [10, 22],
      why: 'a wrong method is refused in JSON, not in HTML',
      instead: ({ status }) => ({ status, response: { ...envelope, id: 1, detail: null, result: { status: false, error: notAllowed } } }),
    },
    { at: [15], why: 'a rollout that is repeated exactly gets the first reply', instead: (expected, recorded) => recorded[14] ?? expected },
    { at: [35], why: 'a signature that does not decode is a wrong one', instead: (expected) => withValue(expected, false) },
    {
      at: [40],
      why: 'what is answered is listed by its transaction id only',
      instead: (expected) => withValue(expected, { challenges: [], count: 0, current: 1, next: null, prev: null }),
    },
  ];
  return { withValue, common };
}

const { withValue, common } = repliesOf('privacyIDEA', '3.14');

/** All of them; docs/compatibility.md tells them to users. */
const deviations: readonly Deviation[] = [
  ...common,
  {
    at: [0],
    why: 'only what clients read, and nothing about a web interface',
    instead({ status, response }) {
      const { auth, log_level, menus, realm, rights, role, token, username } = response.result.value;
      const value = { auth, log_level, menus, realm, rights, role, token, username };
      return { status, response: { ...response, result: { ...response.result, value } } };
    },
  },
  {
    at: [16],
    why: 'no private key and no device address in info',
    instead({ status, response }) {
      const { next, prev, count, tokens } = response.result.value;
      const { firebase_token, private_key_server, 'private_key_server.type': type, ...info } = tokens[0].info;
      const token = { ...tokens[0], id: '<int>', info };
      return { status, response: { ...response, result: { status: true, value: { count, next, prev, tokens: [token] } } } };
    },
  },
  { at: [38], why: 'the identical answer gets the first reply', instead: (expected) => withValue(expected, true) },
  {
    at: [81],
    why: 'samlcheck is there, as in 3.13',
    pushes: 1,
    instead(_, recorded) {
      // The reply of a push by serial, with an id of its own.
      const bySerial = recorded[79]?.response;
      const response = JSON.parse(JSON.stringify(bySerial).replaceAll(bySerial.detail.transaction_id, 'the transaction of samlcheck'));
      const value = { auth: false, attributes: {} };
      return { status: 200, response: { ...response, result: { ...response.result, value } } };
    },
  },
];

/** A reply that is expected, and the number of pushes that go out meanwhile. */
export type Expected = RecordedReply & { pushes: number };

/** What the gateway is expected to reply, and how many pushes it sends: the recording, unless we differ on purpose. */
export const expectedOf = (cases: readonly Recorded[], index: number): Expected => expectedBy(deviations, cases, index);

/** The same by other deviations. */
export function expectedBy(by: readonly Deviation[], cases: readonly Recorded[], index: number): Expected {
  const recorded = cases[index];
  if (!recorded) throw new Error(`There is no exchange ${index}`);
  const deviation = by.find(({ at }) => at.includes(index));
  const { status, response } = deviation?.instead(recorded, cases) ?? recorded;
  return { status, response: unsigned(response), pushes: deviation?.pushes ?? recorded.sent_to_fcm.length };
}

/** Replies are not signed by this gateway; no client looks at that. */
function unsigned(response: unknown): unknown {
  if (typeof response !== 'object' || response === null) return response;
  return Object.fromEntries(Object.entries(response).filter(([name, value]) => name !== 'signature' && value !== undefined));
}
