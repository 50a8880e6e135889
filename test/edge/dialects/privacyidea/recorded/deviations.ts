import { isRepeat, param, type Recorded, type RecordedReply, replyValue, type Told } from './recorded.ts';

/** An expected reply, and the number of pushes that are sent meanwhile. */
export type Expected = RecordedReply & { pushes: number };

/**
 * Deliberate deviations of our reply: by request and recorded reply, the expected reply; undefined where
 * there is none.
 */
type Deviation = { why: string; expected(told: Told): (RecordedReply & { pushes?: number }) | undefined };

/** The same reply with another result. */
const withResult = ({ status, response }: RecordedReply, result: object, more: object = {}): RecordedReply => ({
  status,
  response: { ...response, ...more, result: { ...response.result, ...result } },
});

/** The first fields of successful replies of the recorded server. */
function envelopeOf(all: readonly Recorded[]) {
  const { jsonrpc, time, version, versionnumber } = all.find(({ response }) => response?.versionnumber)?.response ?? {};
  return { jsonrpc, time, version, versionnumber };
}

/** A successful reply in place of the recorded one. */
const good = ({ all, response: { id, nonce } }: Told, value: unknown): RecordedReply => ({
  status: 200,
  response: { ...envelopeOf(all), id, nonce, result: { status: true, value } },
});

const refused = { code: 905, message: 'ERR905: Method … is not allowed here.' };

const isDecline = (exchange: Recorded): boolean => param(exchange, 'decline') !== '' && replyValue(exchange) === true;

const transactionOf = (exchange: Recorded): string => param(exchange, 'transaction_id') || exchange.request.path.split('/').at(-1) || '';

/** The exchange that began a transaction. */
const beginning = ({ before }: Told, transaction: string): Recorded | undefined =>
  before.find(({ response }) => response?.detail?.transaction_id === transaction);

/** Whether a phone had declined the transaction of this answer, poll or second leg. */
function isAboutDeclined(told: Told): boolean {
  const pushes = beginning(told, transactionOf(told))?.sent_to_fcm ?? [];
  const nonces = [param(told, 'nonce'), ...pushes.map(({ body }) => body.message.data?.nonce)];
  return told.before.some((earlier) => isDecline(earlier) && nonces.includes(param(earlier, 'nonce')));
}

/** All of them; docs/compatibility.md tells them to users. */
const deviations: readonly Deviation[] = [
  {
    why: 'a wrong method is refused in JSON, not in HTML',
    expected({ status, all }) {
      const { versionnumber: _, ...envelope } = envelopeOf(all);
      return status === 405
        ? { status, response: { ...envelope, id: 1, detail: null, result: { status: false, error: refused } } }
        : undefined;
    },
  },
  {
    why: 'only what clients read at a login, and nothing about a web interface',
    expected(told) {
      const { auth = true, log_level, menus, realm, rights, role, token, username } = Object(replyValue(told));
      if (token === undefined) return undefined;
      return withResult(told, { value: { auth, log_level, menus, realm, rights, role, token, username } });
    },
  },
  {
    why: 'a rollout that is repeated gets the first reply',
    expected: (told) =>
      param(told, 'enrollment_credential') === ''
        ? undefined
        : told.before.find((earlier) => isSameRollout(earlier, told) && replyValue(earlier) === true),
  },
  {
    why: 'no private key and no device address in the info of a push token',
    expected(told) {
      const { tokens, ...list } = Object(replyValue(told));
      if (!Array.isArray(tokens)) return undefined;
      return withResult(told, {
        value: { ...list, tokens: tokens.map((token) => ({ ...token, id: '<int>', info: shownInfo(token.info) })) },
      });
    },
  },
  {
    why: 'a signature that does not decode is a wrong one',
    expected: (told) => (told.status === 500 && param(told, 'signature') !== '' ? good(told, false) : undefined),
  },
  {
    why: 'the identical answer gets the first reply',
    expected: (told) =>
      param(told, 'nonce') === '' ? undefined : told.before.find((earlier) => isRepeat(earlier, told) && replyValue(earlier) === true),
  },
  {
    why: 'what is answered is listed by its transaction id only',
    expected(told) {
      const { challenges, current, next, prev } = Object(replyValue(told));
      if (!Array.isArray(challenges)) return undefined;
      const open = challenges.filter(({ otp_received: isAnswered }) => !isAnswered);
      return good(told, { challenges: open, count: open.length, current, next, prev });
    },
  },
  {
    why: 'a decline stands',
    expected(told) {
      if (replyValue(told) !== true || !isAboutDeclined(told)) return undefined;
      if (param(told, 'nonce') !== '') return isDecline(told) ? undefined : good(told, false);
      const { detail } = told.response;
      if ('challenge_status' in detail)
        return withResult(told, { value: false, authentication: 'DECLINED' }, { detail: { ...detail, challenge_status: 'declined' } });
      const { type } = beginning(told, transactionOf(told))?.response.detail ?? {};
      const refusal = { ...detail, type, message: 'Response did not match the challenge.' };
      return withResult(told, { value: false, authentication: 'REJECT' }, { detail: refusal });
    },
  },
  {
    why: 'an open challenge is not accepted',
    expected: (told) =>
      told.response?.result?.authentication === 'ACCEPT' && told.response.detail?.multi_challenge?.length > 0
        ? withResult(told, { authentication: 'CHALLENGE' })
        : undefined,
  },
  {
    why: 'samlcheck is there in every version',
    expected({ status, request, before }) {
      if (status !== 404 || request.path !== '/validate/samlcheck') return undefined;
      // As the latest check, with its own id.
      const checks = before.filter(({ request: { path } }) => path === '/validate/check');
      const asked = checks.findLast(({ response }) => response.result.authentication === 'CHALLENGE')?.response;
      const response = JSON.parse(JSON.stringify(asked).replaceAll(asked.detail.transaction_id, 'the transaction of samlcheck'));
      return { ...withResult({ status: 200, response }, { value: { auth: false, attributes: {} } }), pushes: 1 };
    },
  },
  {
    why: 'an unknown URL is refused in JSON, not in HTML',
    expected: ({ status, response }) => (status === 404 && response === null ? { status, response: { error: 'Not found' } } : undefined),
  },
];

const isSameRollout = (one: Recorded, other: Recorded): boolean =>
  ['serial', 'enrollment_credential', 'fbtoken', 'pubkey'].every((name) => param(one, name) === param(other, name));

function shownInfo({
  firebase_token,
  private_key_server,
  'private_key_server.type': type,
  ...info
}: Readonly<Record<string, unknown>>): object {
  return info;
}

/** The expected reply and number of pushes of the gateway: the recorded ones, except for deliberate deviations. */
export function expectedOf(told: Told): Expected {
  const [differently] = deviations.flatMap(({ expected }) => expected(told) ?? []);
  const { status, response } = differently ?? told;
  return { status, response: unsigned(response), pushes: differently?.pushes ?? told.sent_to_fcm.length };
}

/** Replies are not signed by this gateway; no client checks that. */
function unsigned(response: unknown): unknown {
  if (typeof response !== 'object' || response === null) return response;
  return Object.fromEntries(Object.entries(response).filter(([name, value]) => name !== 'signature' && value !== undefined));
}
