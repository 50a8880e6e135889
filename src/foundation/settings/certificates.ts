import { type KeyObject, X509Certificate } from 'node:crypto';
import { GatewayFault } from '../model/index.ts';

/**
 * A credential that ends one day; `at` is epoch ms. `inChain` is set for a certificate that only leads to an authority: the far side may know a newer
 * one, so its end is no more than a warning.
 */
export type Expiry = { kind: 'certificate' | 'key'; what: string; at: number; inChain?: true | undefined };

/** One certificate of a file. */
export type Certificate = { pem: string; expiry: Expiry };

const block = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/** The certificates of a PEM text, with the end of each one's life. Throws `config-invalid` when there is none, or one cannot be read. */
export function certificatesOf(pem: string, path: string): Certificate[] {
  const found = pem.match(block) ?? [];
  if (found.length === 0)
    throw new GatewayFault('config-invalid', `There is no certificate in ${path}. Expected PEM, -----BEGIN CERTIFICATE-----.`);
  return found.map((text) => {
    try {
      const { subject, issuer, validTo } = new X509Certificate(text);
      // A certificate may have an empty subject; its issuer then tells at least where it comes from.
      const what = (subject ?? `one of ${issuer ?? 'nobody'}`).replaceAll('\n', ', ');
      return { pem: text, expiry: { kind: 'certificate', what, at: Date.parse(validTo) } };
    } catch (error) {
      throw new GatewayFault('config-invalid', `A certificate in ${path} cannot be read. Export it again as PEM.`, error);
    }
  });
}

/**
 * The same certificates in the order of TLS: the one that belongs to the key first, then its chain, each issuer after what it issued. Throws
 * `config-invalid` when the key belongs to none of them.
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
    ? `The private key does not belong to the certificate in ${path}. Put the two together that were made together.`
    : `The private key belongs to none of the ${count} certificates in ${path}. Put the certificate there that was made for this key.`;

/** The certificates of a chain that have ended although the one they stand behind has not. */
export const endedInChain = (expiries: readonly Expiry[], now: number): Expiry[] =>
  expiries.filter(({ at, inChain }) => inChain && at <= now);

/** What decides how long a credential lasts: everything but certificates of a chain that have ended already. */
export const deciding = (expiries: readonly Expiry[], now: number): Expiry[] => expiries.filter(({ at, inChain }) => !inChain || at > now);

/** One sentence about such a certificate. */
export const endedChainText = ({ what, at }: Expiry): string =>
  `the certificate ${what} of the chain ended on ${new Date(at).toISOString()}; the one that belongs to the key counts, so replace or remove this one when you can`;
