import { causesOf } from './wire-error.ts';

/** Why no TLS came about: what to do differs by it. `detail` is for operators; of the other side it tells no more than the names in a trusted certificate. */
export type TlsProblem = {
  kind: 'untrusted' | 'expired' | 'not-yet-valid' | 'wrong-name' | 'no-tls' | 'old-tls' | 'client-certificate' | 'other';
  detail: string;
};

const untrusted = (detail: string): TlsProblem => ({ kind: 'untrusted', detail });
const unknownAuthority = untrusted('its certificate is from an authority that is not trusted here');
const selfSigned = untrusted('its certificate is signed by itself, and not trusted here');
const oldTls: TlsProblem = { kind: 'old-tls', detail: 'it speaks no TLS 1.2 or newer' };
const wantsCertificate: TlsProblem = { kind: 'client-certificate', detail: 'it wants a client certificate' };
const noTls: TlsProblem = { kind: 'no-tls', detail: 'what answers there speaks no TLS; look at the port, and at the scheme of the URL' };

const byCode = new Map<string, TlsProblem>([
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', unknownAuthority],
  ['UNABLE_TO_GET_ISSUER_CERT', unknownAuthority],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', unknownAuthority],
  ['CERT_UNTRUSTED', unknownAuthority],
  ['INVALID_CA', unknownAuthority],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', selfSigned],
  ['SELF_SIGNED_CERT_IN_CHAIN', unknownAuthority],
  ['CERT_HAS_EXPIRED', { kind: 'expired', detail: 'its certificate, or one above it, has ended; it needs a new one' }],
  ['CERT_NOT_YET_VALID', { kind: 'not-yet-valid', detail: 'its certificate is not valid yet; look at the clocks of both machines' }],
  ['INVALID_PURPOSE', { kind: 'other', detail: 'its certificate is not made for servers' }],
  ['ERR_SSL_WRONG_VERSION_NUMBER', noTls],
  ['ERR_SSL_PACKET_LENGTH_TOO_LONG', noTls],
  ['ERR_SSL_UNSUPPORTED_PROTOCOL', oldTls],
  ['ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION', oldTls],
  ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', wantsCertificate],
]);

/** The reason in an error that `wireErrorOf` calls `tls`; one without a known reason is told by its code. */
export function tlsProblemOf(error: unknown): TlsProblem {
  const causes = causesOf(error);
  for (const cause of causes) {
    const code = codeOf(cause);
    if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return { kind: 'wrong-name', detail: wrongName(cause) };
    const known = byCode.get(code);
    if (known) return known;
  }
  const code = causes.map(codeOf).find((text) => text !== '') ?? 'unknown';
  return { kind: 'other', detail: `the handshake failed (${code})` };
}

const mostNames = 3;

/** Names are compared after the certificate was found trusted, so that they are not a stranger's. */
function wrongName(error: object): string {
  const host = textOf(error, 'host');
  const certificate: unknown = Reflect.get(error, 'cert');
  const names = typeof certificate === 'object' && certificate !== null ? textOf(certificate, 'subjectaltname').split(', ') : [];
  const sane = names.map((name) => name.replace(/^(DNS|IP Address):/, '')).filter((name) => /^[A-Za-z0-9.:*_-]{1,253}$/.test(name));
  const told = [...sane.slice(0, mostNames), ...(sane.length > mostNames ? ['…'] : [])].join(', ') || 'no host';
  return `its certificate is for ${told}, not for ${host}; name it in the URL as its certificate does`;
}

const codeOf = (error: object): string => textOf(error, 'code');

function textOf(error: object, field: string): string {
  const value: unknown = Reflect.get(error, field);
  return typeof value === 'string' ? value : '';
}
