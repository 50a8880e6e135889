import { type KeyObject, X509Certificate } from 'node:crypto';
import { GatewayFault } from '../model/index.ts';

/**
 * The end of a credential; `at` is epoch ms. `inChain` marks an intermediate certificate: the other side may have a
 * newer one, so its end is only a warning.
 */
export type Expiry = { kind: 'certificate' | 'key'; what: string; at: number; inChain?: true | undefined };

/** One certificate of a file. */
export type Certificate = { pem: string; expiry: Expiry };

const block = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/** The certificates of a PEM text, with their ends. Throws `config-invalid` when there is none or one is unreadable. */
export function certificatesOf(pem: string, path: string): Certificate[] {
  const found = pem.match(block) ?? [];
  if (found.length === 0)
    throw new GatewayFault('config-invalid', `There is no certificate in ${path}. Expected PEM, -----BEGIN CERTIFICATE-----.`);
  return found.map((text) => {
    try {
      const { subject, issuer, validTo } = new X509Certificate(text);
      // A certificate with an empty subject is identified by its issuer.
      const what = (subject ?? `one of ${issuer ?? 'nobody'}`).replaceAll('\n', ', ');
      return { pem: text, expiry: { kind: 'certificate', what, at: Date.parse(validTo) } };
    } catch (error) {
      throw new GatewayFault('config-invalid', `A certificate in ${path} cannot be read. Export it again as PEM.`, error);
    }
  });
}

/**
 * Orders certificates for TLS: the key's certificate first, then its chain, each issuer after the certificate it
 * issued. Throws `config-invalid` when none belongs to the key.
 */
export function leafFirst(certificates: readonly Certificate[], key: KeyObject, path: string): Certificate[] {
  const known = certificates.map((certificate) => ({ certificate, x509: new X509Certificate(certificate.pem) }));
  const leaf = known.find(({ x509 }) => x509.checkPrivateKey(key));
  if (!leaf) throw new GatewayFault('config-invalid', doesNotFit(certificates.length, path));
  const rest = known.filter((each) => each !== leaf);
  const chain: typeof known = [];
  for (let last = leaf; rest.length > 0; ) {
    const issuer = rest.findIndex(({ x509 }) => last.x509.checkIssued(x509));
    const [next] = rest.splice(Math.max(issuer, 0), 1);
    if (!next) break;
    chain.push(next);
    last = next;
  }
  return [leaf.certificate, ...chain.map(({ certificate: { pem, expiry } }) => ({ pem, expiry: { ...expiry, inChain: true as const } }))];
}

const doesNotFit = (count: number, path: string): string =>
  count === 1
    ? `The private key does not belong to the certificate in ${path}. Use the key that this certificate was issued for.`
    : `The private key does not belong to any of the ${count} certificates in ${path}. Add the certificate that was issued for this key.`;

/** The expired intermediate certificates. */
export const endedInChain = (expiries: readonly Expiry[], now: number): Expiry[] =>
  expiries.filter(({ at, inChain }) => inChain && at <= now);

/** The expiries that count: all but intermediate certificates that have already expired. */
export const deciding = (expiries: readonly Expiry[], now: number): Expiry[] => expiries.filter(({ at, inChain }) => !inChain || at > now);

/** The warning for an expired intermediate certificate. */
export const endedChainText = ({ what, at }: Expiry): string =>
  `the intermediate certificate ${what} ended on ${new Date(at).toISOString()}; the certificate of the key counts, so replace or remove this one when you can`;
