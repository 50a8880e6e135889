import { param, type Recorded, replyValue } from './recorded.ts';

/** The properties of a recorded server. */
export type RecordedServer = {
  administrator: { username: string; password: string };
  users: { username: string; userid?: unknown }[];
  realm: string;
  resolver: string;
  /** Its one way to Firebase. */
  provider: string;
  /** Its actions of the scope enrollment, and the number of exchanges before it had them. */
  enrolment: Readonly<Record<string, string>>;
  enrolmentFrom: number;
  /** Epoch ms. */
  startedAt: number;
};

/** Derives them from the exchanges. */
export function serverOf(cases: readonly Recorded[]): RecordedServer {
  const values = cases.map((each) => Object(replyValue(each)));
  const login = cases.find((each) => Object(replyValue(each)).token !== undefined);
  const [token] = values.flatMap(({ tokens }) => tokens ?? []);
  const [configuration = '', provider] = Object.entries(token.info).find(([name]) => name.endsWith('push_firebase_configuration')) ?? [];
  const [offer = ''] = cases.flatMap(({ response }) => response?.detail?.pushurl?.value ?? []);
  const registration = configuration.replace('firebase_configuration', 'registration_url');
  const enrolment = { [configuration]: String(provider), [registration]: new URL(offer).searchParams.get('url') ?? '' };
  const inTime = cases.find((each) => param(each, 'timestamp') !== '' && each.status === 200);
  return {
    administrator: { username: login ? param(login, 'username') : '', password: login ? param(login, 'password') : '' },
    users: usersOf(cases, token),
    realm: String(token.user_realm),
    resolver: String(token.resolver),
    provider: String(provider),
    enrolment,
    enrolmentFrom: 1 + cases.findLastIndex(({ response }) => /Missing enrollment policy/.test(response?.result?.error?.message)),
    startedAt: inTime ? Date.parse(param(inTime, 'timestamp')) : 0,
  };
}

/** The known users of the server, as far as the recording names them. */
function usersOf(cases: readonly Recorded[], { username: owner, user_id: userid }: Readonly<Record<string, unknown>>) {
  const isUnknown = (name: string): boolean =>
    cases.some((each) => param(each, 'user') === name && param(each, 'realm') === '' && each.response?.result?.error?.code === 904);
  const named = new Set(cases.map((each) => param(each, 'user')).filter((name) => name !== ''));
  return [...named].filter((name) => !isUnknown(name)).map((username) => ({ username, ...(username === owner ? { userid } : {}) }));
}
