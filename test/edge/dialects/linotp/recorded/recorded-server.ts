import { pairings, type RecordedEvent, type RecordedPush } from './recorded.ts';

type Events = readonly RecordedEvent[];

const isPath =
  (...paths: readonly string[]) =>
  ({ request: { path } }: RecordedEvent): boolean =>
    paths.includes(path);

/** The requests that made a push token, in order; elsewhere a push token is named by its index here. */
const made = (all: Events): RecordedEvent[] =>
  all.filter(isPath('/admin/init')).filter(({ request: { params }, response }) => response.result?.value === true && params.serial);

/** The serials of the push tokens that were made. */
export const serialsOf = (all: Events): string[] => made(all).map(({ request: { params } }) => params.serial ?? '');

/**
 * The users of the recorded server: the owners of push tokens. The first one logs in by PIN, the last one by
 * password, too.
 */
export const ownersOf = (all: Events): string[] => [...new Set(made(all).flatMap(({ request: { params } }) => params.user ?? []))];

/** The password of a user: a pass that began a login and is not the PIN of a push token. */
export function passwordOf(all: Events): string {
  const pins = made(all).map(({ request: { params } }) => params.pin);
  const polls = all.filter(isPath('/validate/check_status')).filter(({ response }) => response.result.value === true);
  const passes = polls.flatMap(({ request: { params } }) => (params.user ? (params.pass ?? []) : []));
  return passes.find((pass) => pass !== '' && !pins.includes(pass)) ?? '';
}

/** The realm of the recorded server. */
export const realmOf = (all: Events): string =>
  all.flatMap(({ response }) => response.result?.value?.data?.[0]?.['LinOtp.RealmNames'] ?? [])[0];

/** The version in its replies. */
export const versionOf = (all: Events): string => all.flatMap(({ response }) => response.versionNumber ?? [])[0];

/** The first event that may create push tokens: before it the policies are missing. */
export const firstMade = (all: Events): RecordedEvent | undefined => made(all)[0];

/** The pushes for one push token. */
function pushesTo(serial: string, { response: { detail = {} }, pushed = [] }: RecordedEvent): readonly RecordedPush[] {
  if (detail?.linotp_tokenserial === serial) return pushed;
  const id: unknown = detail?.challenges?.[serial]?.transactionid;
  return pushed.filter(({ transactionId }) => transactionId === id);
}

/**
 * The number that the phone chose for a push token: it follows the version in each push.
 * @see docs/protocols/linotp.md 8.1
 */
export function tokenNumberOf(all: Events, serial: string): number {
  const [push] = all.flatMap((event) => pushesTo(serial, event));
  return push ? Buffer.from(push.challenge.replace('lseqr://push/', ''), 'base64url').readUInt32LE(1) : 0;
}

/**
 * The address in a pairing response, which got the later pushes; an unused one where there were none, or where it
 * was refused.
 */
export function addressTold(all: Events, label: string): string {
  const index = all.findIndex((event) => event.label === label);
  const [told, later] = [all[index], all.slice(index + 1)];
  const serial = serialsOf(all)[pairings[label]?.token ?? -1] ?? '';
  const isOther = (event: RecordedEvent): boolean =>
    isPath('/validate/pair')(event) &&
    event.response.result.status === true &&
    event.request.params.pairing_response !== told?.request.params.pairing_response;
  const until = later.findIndex((event) => isOther(event) && tokenOf(all, event) === pairings[label]?.token);
  const [push] = (until < 0 ? later : later.slice(0, until)).flatMap((event) => pushesTo(serial, event));
  return told?.response.result.status === true && push ? push.gda : `an address, ${label}`;
}

/** The push token of a pairing response, which may be that of an earlier event. */
function tokenOf(all: Events, { request: { params } }: RecordedEvent): number | undefined {
  const first = all.find((event) => event.request.params.pairing_response === params.pairing_response);
  return pairings[first?.label ?? '']?.token;
}
