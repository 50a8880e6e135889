import type { GatewayEvent, Tell, TlsRefusalReason } from '../model/index.ts';
import type { Log } from './log.ts';

type Level = 'info' | 'warn' | 'error';
/** What the log says of an event. */
export type Line = { level: Level; message: string };

const info = (message: string): Line => ({ level: 'info', message });
const warn = (message: string): Line => ({ level: 'warn', message });
const error = (message: string): Line => ({ level: 'error', message });

/** Reasons for which the client's certificate was rejected. */
const refusedCertificates = new Set<TlsRefusalReason>(['untrusted', 'expired', 'not-yet-valid']);

/** Logs one line per event; events that need an operator's attention are warnings. */
export const logEvents =
  (log: Log): Tell =>
  (event) => {
    const { level, message } = lineOf(event);
    const { kind, ...fields } = event;
    log[level]({ event: kind, ...fields }, message);
  };

/** The lines of events whose level and message do not depend on their fields. */
const lines: Record<Exclude<GatewayEvent['kind'], Telling['kind']>, Line> = {
  'login-started': info('a login was started'),
  'login-joined': info('an identical request joined a login; its phone was not asked again'),
  'login-refused': info('a login was refused'),
  'login-passed-on': info('a policy let a user in without a phone'),
  'login-finished': info('a login was finished'),
  'result-delivered': info('an auth server was told the result of a login'),
  'result-undelivered': warn('an auth server may not know the result of a login; it is not sent again'),
  'login-reported': warn("a user reported a login as somebody else's"),
  'bare-decline': info('a user declined a login without a reason'),
  'challenge-displaced': warn('a phone had too many open challenges; one made room for another'),
  'phone-muted': warn('a phone gets no pushes for a while; its user sees logins when the app is opened'),
  'logins-quiet': warn('too many wrong PINs: logins from that origin are quiet for a while'),
  'push-withheld': info('a login waits for a phone that gets no push'),
  'phone-enrolled': info('a phone was bound to a push token'),
  'address-told': info('a phone changed its device address'),
  'address-dead': warn('a device address is dead; it is not used until the phone sends a new one'),
  'token-administered': info('a push token was changed'),
  'challenge-cancelled': info('an administrator cancelled a challenge'),
  'expired-deleted': info('an administrator deleted expired transactions'),
  'account-administered': warn('an administrator changed an account'),
  'administrator-logged-in': info('an administrator logged in'),
  'administrator-logged-out': info('an administrator logged out'),
  'administrator-refused': warn('an administrator was refused: wrong name or password'),
  'source-limited': warn('a source failed too often and is refused for a while'),
  'connections-refused': warn('connections were closed: this process, or one network, had too many'),
  'overload-began': warn('the gateway is overloaded; requests are refused until that is over'),
  'overload-ended': info('no request was refused for ten seconds'),
  'gateway-started': info('the gateway listens'),
  'gateway-stopped': info('the gateway has stopped'),
  'configuration-refused': error('the new configuration was refused; the old one stays in use'),
  'provider-out-of-use': error('a provider cannot be opened and is out of use; correct it, and reload the configuration'),
  'breaker-opened': warn('a provider failed several times in a row and gets no pushes for a while'),
  'breaker-closed': info('a provider works again'),
  'provider-reset': info('an administrator reopened a provider; it is tried again at once'),
  'message-dead': warn('a message was given up; see npx pushgate outbox list'),
  'identity-removed': info('an administrator freed an identity of an issuer'),
  'outbox-administered': info('an administrator replayed or dropped a message'),
  'store-lost': error('the store cannot be reached; no login works until it is back'),
  'store-back': info('the store is back'),
  'audit-gap': warn('a gateway ended without notice; the audit may lack the refusals of its last second'),
  'audit-lost': error('the audit lacks events: the store was away for too long'),
  'audit-note-refused': error('a note in the store was not written by a gateway with the keyring; it is ignored'),
  'audit-expired': info('old entries of the audit lost their content'),
  'audit-erased': warn('a person was erased from the audit'),
};

/** Events whose level or message depends on their fields. */
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
    notMe: warn('a user reported that a login is not theirs'),
    cancelled: info('a user cancelled a login on the phone'),
    declined: info('a user declined a login'),
  },
  'caller-refused': {
    expired: info('a credential has expired'),
    mistyped: warn('a caller was refused: the checksum of its API key is wrong, so it was mistyped or cut off'),
    refused: warn('a caller was refused: not an auth server with this right'),
  },
  'administration-refused': { usual: info('an administrative act was refused'), unusual: warn('an administrative act was refused') },
  'configuration-reloaded': {
    part: info('a part of the configuration was reloaded'),
    whole: info('the configuration was reloaded'),
    restart: warn('the configuration was reloaded; some changed parts take effect at the next start'),
  },
  'credential-ending': {
    ended: warn('a credential has ended; replace it'),
    ending: warn('a credential ends soon; replace it'),
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
      return tellingLines[event.kind][event.reason === 'expired' || event.reason === 'mistyped' ? event.reason : 'refused'];
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

/** A pending restart is a warning: until then the file and the configuration in use differ. */
function reloadedLine({ kind, part, restart }: Extract<GatewayEvent, { kind: 'configuration-reloaded' }>): Line {
  if (part !== undefined) return tellingLines[kind].part;
  return tellingLines[kind][restart.length === 0 ? 'whole' : 'restart'];
}

/** Expired sessions are common; an attempt to exceed one's rights is a warning. */
function refusedActLine({ kind, reason }: Extract<GatewayEvent, { kind: 'administration-refused' }>): Line {
  const isUsual = reason === 'no-token' || reason === 'expired' || reason === 'too-many-tokens';
  return tellingLines[kind][isUsual ? 'usual' : 'unusual'];
}

/** A push that no provider took, or that needed a further step, is a warning. */
function deliveredLine({ kind, sent, attempts }: Extract<GatewayEvent, { kind: 'push-delivered' }>): Line {
  if (!sent) return tellingLines[kind].not;
  const failed = attempts.some(({ outcome }) => outcome === 'unavailable' || outcome === 'rejected');
  return tellingLines[kind][failed ? 'later' : 'delivered'];
}

/** The phone signs the decline reason. */
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
