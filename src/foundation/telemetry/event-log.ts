import type { GatewayEvent, Tell, TlsRefusalReason } from '../model/index.ts';
import type { Log } from './log.ts';

type Level = 'info' | 'warn' | 'error';
/** What the log says of an event. */
export type Line = { level: Level; message: string };

const info = (message: string): Line => ({ level: 'info', message });
const warn = (message: string): Line => ({ level: 'warn', message });
const error = (message: string): Line => ({ level: 'error', message });

/** Where the client showed a certificate that is not taken. */
const refusedCertificates = new Set<TlsRefusalReason>(['untrusted', 'expired', 'not-yet-valid']);

/** One line for each event: what operators have to look at is a warning. */
export const logEvents =
  (log: Log): Tell =>
  (event) => {
    const { level, message } = lineOf(event);
    const { kind, ...fields } = event;
    log[level]({ event: kind, ...fields }, message);
  };

/** What is said of events whatever is in them. */
const lines: Record<Exclude<GatewayEvent['kind'], Telling['kind']>, Line> = {
  'login-started': info('a login was started'),
  'login-joined': info('an identical request joined a login; its phone was not asked again'),
  'login-refused': info('a login was refused'),
  'login-passed-on': info('a policy let a user in without a phone'),
  'login-finished': info('a login was finished'),
  'login-reported': warn("a user reports a login as somebody else's"),
  'bare-decline': info('a user declined a login without a reason'),
  'challenge-displaced': warn('a phone had too much to answer; a challenge made room for another'),
  'phone-muted': warn('a phone rings no more for a while; its user sees logins when the app is opened'),
  'logins-quiet': warn('too many wrong PINs: logins from there are quiet for a while'),
  'push-withheld': info('a login waits for a phone that does not ring'),
  'phone-enrolled': info('a phone was bound to a push token'),
  'address-told': info('a phone told another device address'),
  'address-dead': warn('a device address is dead; it is used no more until the phone tells a new one'),
  'token-administered': info('an administrator changed a push token'),
  'challenge-cancelled': info('an administrator cancelled a challenge'),
  'expired-deleted': info('an administrator deleted what was over'),
  'account-administered': warn('an administrator changed an account'),
  'administrator-logged-in': info('an administrator logged in'),
  'administrator-logged-out': info('an administrator logged out'),
  'administrator-refused': warn('an administrator was refused: wrong name or password'),
  'source-limited': warn('a source failed too often and is turned away for a while'),
  'connections-refused': warn('connections were closed: more than this process, or one network, may have'),
  'overload-began': warn('there is more to do than can be done in time; requests are refused until that is over'),
  'overload-ended': info('no request was refused for ten seconds'),
  'gateway-started': info('the gateway listens'),
  'gateway-stopped': info('the gateway has stopped'),
  'configuration-refused': error('the new configuration was refused; the old one stays in use'),
  'provider-out-of-use': error('a provider cannot be opened and is out of use; correct it, and read the configuration again'),
  'breaker-opened': warn('a provider failed several times in a row and is left alone for a while'),
  'breaker-closed': info('a provider works again'),
  'provider-reset': info('an administrator had a provider opened anew; it is tried again at once'),
  'store-lost': error('the store cannot be reached; no login works until it is back'),
  'store-back': info('the store is back'),
  'audit-gap': warn('a gateway had gone without a word; the audit may lack the refusals of its last second'),
  'audit-lost': error('the audit lacks events: the store was away for too long'),
  'audit-note-refused': error('a note in the store was written by nobody who has the keyring; it is not believed'),
  'audit-expired': info('old entries of the audit lost their content'),
  'audit-erased': warn('an administrator had a person erased from the audit'),
};

/** Events whose fields say how much they matter. */
type Telling = Extract<
  GatewayEvent,
  {
    kind:
      | 'push-delivered'
      | 'challenge-answered'
      | 'caller-refused'
      | 'administration-refused'
      | 'configuration-reloaded'
      | 'credential-ending'
      | 'tls-refused';
  }
>;

const tellingLines = {
  'push-delivered': {
    delivered: info('a push was delivered'),
    later: warn('a push went out after another provider or address had failed'),
    not: warn('no provider took a push'),
  },
  'challenge-answered': {
    locked: warn('a challenge was locked: the user picked wrong options'),
    answered: info('a phone answered'),
    notMe: warn('a user says that a login is not theirs'),
    cancelled: info('a user cancelled a login on the phone'),
    declined: info('a user declined a login'),
  },
  'caller-refused': {
    expired: info('a credential has expired'),
    refused: warn('a caller was refused: no auth server that may do this'),
  },
  'administration-refused': { usual: info('an administrative act was refused'), unusual: warn('an administrative act was refused') },
  'configuration-reloaded': {
    part: info('a part of the configuration was reloaded'),
    whole: info('the configuration was reloaded'),
    restart: warn('the configuration was reloaded; parts that only a start reads have changed too, and count from the next start on'),
  },
  'credential-ending': {
    ended: warn('a credential has ended; put a new one in its place'),
    ending: warn('a credential ends soon; put a new one in its place'),
  },
  'tls-refused': { certificate: warn('a client was refused for its certificate'), handshake: info('a TLS handshake failed') },
} as const satisfies Record<Telling['kind'], Readonly<Record<string, Line>>>;

/** Every line that the log may have for an event of this kind. */
export function linesOf(kind: GatewayEvent['kind']): Line[] {
  return isTelling(kind) ? Object.values<Line>(tellingLines[kind]) : [lines[kind]];
}

const isTelling = (kind: GatewayEvent['kind']): kind is Telling['kind'] => Object.hasOwn(tellingLines, kind);

function lineOf(event: GatewayEvent): Line {
  switch (event.kind) {
    case 'push-delivered':
      return deliveredLine(event);
    case 'challenge-answered':
      return answeredLine(event);
    case 'caller-refused':
      return tellingLines[event.kind][event.reason === 'expired' ? 'expired' : 'refused'];
    case 'administration-refused':
      return refusedActLine(event);
    case 'configuration-reloaded':
      return reloadedLine(event);
    case 'credential-ending':
      return tellingLines[event.kind][event.daysLeft < 0 ? 'ended' : 'ending'];
    case 'tls-refused':
      return tellingLines[event.kind][refusedCertificates.has(event.problem) ? 'certificate' : 'handshake'];
    default:
      return lines[event.kind];
  }
}

/** What waits for a restart is a warning: until then the file does not say what is in use. */
function reloadedLine({ kind, part, restart }: Extract<GatewayEvent, { kind: 'configuration-reloaded' }>): Line {
  if (part !== undefined) return tellingLines[kind].part;
  return tellingLines[kind][restart.length === 0 ? 'whole' : 'restart'];
}

/** Sessions end every day; who wants more than policies give is looked at. */
function refusedActLine({ kind, reason }: Extract<GatewayEvent, { kind: 'administration-refused' }>): Line {
  const isUsual = reason === 'no-token' || reason === 'expired' || reason === 'too-many-tokens';
  return tellingLines[kind][isUsual ? 'usual' : 'unusual'];
}

/** A push that no provider took is a warning, and so is one that had to go on to another step. */
function deliveredLine({ kind, sent, attempts }: Extract<GatewayEvent, { kind: 'push-delivered' }>): Line {
  if (!sent) return tellingLines[kind].not;
  const failed = attempts.some(({ outcome }) => outcome === 'unavailable' || outcome === 'rejected');
  return tellingLines[kind][failed ? 'later' : 'delivered'];
}

/** "That was not me" is signed by the phone, and so are other reasons. */
function answeredLine({ kind, verdict, declineReason }: Extract<GatewayEvent, { kind: 'challenge-answered' }>): Line {
  if (verdict === 'locked') return tellingLines[kind].locked;
  if (verdict !== 'declined') return tellingLines[kind].answered;
  switch (declineReason) {
    case 'not-me':
      return tellingLines[kind].notMe;
    case 'cancelled':
      return tellingLines[kind].cancelled;
    default:
      return tellingLines[kind].declined;
  }
}
