import { causesOf } from './wire-error.ts';

/**
 * Why a TLS handshake failed, by remedy. `detail` is for operators; it quotes the other side only for names in a
 * trusted certificate.
 */
export type TlsProblem = {
  kind: 'untrusted' | 'expired' | 'not-yet-valid' | 'wrong-name' | 'no-tls' | 'old-tls' | 'client-certificate' | 'other';
  detail: string;
};

const untrusted = (detail: string): TlsProblem => ({ kind: 'untrusted', detail });
const unknownAuthority = untrusted('its certificate is from an authority that is not trusted here');
const selfSigned = untrusted('its certificate is self-signed and not trusted here');
const oldTls: TlsProblem = { kind: 'old-tls', detail: 'it does not speak TLS 1.2 or newer' };
const wantsCertificate: TlsProblem = { kind: 'client-certificate', detail: 'it requires a client certificate' };
const noTls: TlsProblem = { kind: 'no-tls', detail: 'it does not speak TLS; check the port and the scheme of the URL' };

const byCode = new Map<string, TlsProblem>([
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', unknownAuthority],
  ['UNABLE_TO_GET_ISSUER_CERT', unknownAuthority],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', unknownAuthority],
  ['CERT_UNTRUSTED', unknownAuthority],
  ['INVALID_CA', unknownAuthority],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', selfSigned],
  ['SELF_SIGNED_CERT_IN_CHAIN', unknownAuthority],
  ['CERT_HAS_EXPIRED', { kind: 'expired', detail: 'its certificate, or one in its chain, has expired; it needs a new one' }],
  ['CERT_NOT_YET_VALID', { kind: 'not-yet-valid', detail: 'its certificate is not valid yet; check the clocks of both machines' }],
  ['INVALID_PURPOSE', { kind: 'other', detail: 'its certificate is not for servers' }],
  ['ERR_SSL_WRONG_VERSION_NUMBER', noTls],
  ['ERR_SSL_PACKET_LENGTH_TOO_LONG', noTls],
  ['ERR_SSL_UNSUPPORTED_PROTOCOL', oldTls],
  ['ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION', oldTls],
  ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', wantsCertificate],
]);

/** The reason behind a wire error `tls`; an unknown reason is described by its code. */
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

/** Quoting names is safe here: OpenSSL compares them only after it has verified the certificate. */
function wrongName(error: object): string {
  const host = textOf(error, 'host');
  const certificate: unknown = Reflect.get(error, 'cert');
  const names = typeof certificate === 'object' && certificate !== null ? textOf(certificate, 'subjectaltname').split(', ') : [];
  const sane = names.map((name) => name.replace(/^(DNS|IP Address):/, '')).filter((name) => /^[A-Za-z0-9.:*_-]{1,253}$/.test(name));
  const told = [...sane.slice(0, mostNames), ...(sane.length > mostNames ? ['…'] : [])].join(', ') || 'no host';
  return `its certificate is for ${told}, not for ${host}; use a host from the certificate in the URL`;
}

const codeOf = (error: object): string => textOf(error, 'code');

function textOf(error: object, field: string): string {
  const value: unknown = Reflect.get(error, field);
  return typeof value === 'string' ? value : '';
}
