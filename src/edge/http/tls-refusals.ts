import type { TLSSocket } from 'node:tls';
import { openCache } from '../../foundation/cache/index.ts';
import { systemCode, type Tell, type TlsRefusalReason } from '../../foundation/model/index.ts';
import type { Metrics } from '../../foundation/telemetry/index.ts';
import { normalAddress } from '../../foundation/wire/networks.ts';

/** Interval (ms) between events about the same client and reason. */
const logIntervalMs = 60_000;
const most = 10_000;

/**
 * Counts failed TLS handshakes and publishes one event a minute per address and reason, with the client's certificate.
 */
export function tlsRefusals(
  listener: string,
  { tell, metrics }: { tell: Tell; metrics: Metrics },
): (error: Error, socket: TLSSocket) => void {
  const loggedAt = openCache<number>(most);
  metrics.tlsRefused.startAtZero({ listener });
  return (error, socket) => {
    const reason = refusalCode(error, socket);
    const problem = problemOf(reason);
    metrics.tlsRefused.inc({ listener, reason: problem });
    const client = normalAddress(socket.remoteAddress ?? '');
    const key = `${client} ${reason}`;
    const now = performance.now();
    if (now < (loggedAt.get(key) ?? Number.NEGATIVE_INFINITY) + logIntervalMs) return;
    loggedAt.set(key, now);
    const shown = socket.getPeerX509Certificate();
    const certificate = shown && {
      subject: oneLine(shown.subject),
      issuer: oneLine(shown.issuer),
      validFrom: shown.validFrom,
      validTo: shown.validTo,
    };
    tell({ kind: 'tls-refused', listener, client, reason, problem, certificate });
  };
}

const oneLine = (name: string): string => name.replaceAll('\n', ', ');

/** Node reports a rejected client certificate as a hang-up; the socket has the actual reason. */
function refusalCode(error: Error, socket: TLSSocket): string {
  const why: unknown = socket.authorizationError;
  return typeof why === 'string' ? why : systemCode(error);
}

const byCode: readonly (readonly [RegExp, TlsRefusalReason])[] = [
  [/PEER_DID_NOT_RETURN_A_CERTIFICATE/, 'no-certificate'],
  // An alert is the client's verdict on our certificate, so it precedes our codes for the client's.
  [/_ALERT_(UNKNOWN_CA|(BAD|UNSUPPORTED)_CERTIFICATE|CERTIFICATE_)/, 'our-certificate'],
  [/^CERT_HAS_EXPIRED$/, 'expired'],
  [/^CERT_NOT_YET_VALID$/, 'not-yet-valid'],
  [/^(UNABLE_TO_|CERT_|CRL_|INVALID_)|SELF_SIGNED/, 'untrusted'],
  [/HTTP_REQUEST|WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|RECORD_LENGTH_MISMATCH/, 'no-tls'],
  [/UNSUPPORTED_PROTOCOL|PROTOCOL_VERSION|VERSION_TOO_LOW/, 'old-tls'],
  [/HANDSHAKE_TIMEOUT/, 'timeout'],
  [/^(ECONNRESET|ECONNABORTED|EPIPE)$|UNEXPECTED_EOF/, 'hung-up'],
];

const problemOf = (code: string): TlsRefusalReason => byCode.find(([form]) => form.test(code))?.[1] ?? 'other';
