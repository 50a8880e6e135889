import { generateKeyPair, randomBytes } from 'node:crypto';
import { isIP } from 'node:net';
import { promisify } from 'node:util';
import type forge from 'node-forge';

type Forge = typeof forge;

/** A certificate and its private key, both PEM. */
export type Issued = { certificate: string; key: string };

/** `now` is epoch ms, the start of the certificate's validity. */
type When = { now: number };

const dayMs = 86_400_000;
const authorityDays = 3650;
// Browsers and some servers refuse certificates that live longer than 398 days.
const leafDays = 397;

/**
 * Makes a certificate authority for development: self-signed, may only sign leaf certificates, valid for ten years. RSA
 * 2048, SHA-256.
 */
export async function makeAuthority({ name, now }: When & { name: string }): Promise<Issued> {
  const extensions = [
    { name: 'basicConstraints', cA: true, pathLenConstraint: 0, critical: true },
    { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
  ];
  return issue({ name, now, days: authorityDays, extensions });
}

/** Issues a server certificate for these names: DNS names, IPv4 and IPv6 addresses. The first one is the subject. */
export async function issueServerCertificate(authority: Issued, { hosts, now }: When & { hosts: readonly string[] }): Promise<Issued> {
  const altNames = hosts.map((host) => (isIP(host) === 0 ? { type: 2, value: host } : { type: 7, ip: host }));
  const extensions = [...leafExtensions, { name: 'extKeyUsage', serverAuth: true }, { name: 'subjectAltName', altNames }];
  return issue({ name: hosts[0] ?? 'server', now, days: leafDays, extensions, authority });
}

/** Issues a client certificate for mutual TLS. `name` is the common name of its subject. */
export async function issueClientCertificate(authority: Issued, { name, now }: When & { name: string }): Promise<Issued> {
  const extensions = [...leafExtensions, { name: 'extKeyUsage', clientAuth: true }];
  return issue({ name, now, days: leafDays, extensions, authority });
}

/** Certificate, key and authority as PKCS#12 (`.p12`) under a password, for programs that do not read PEM. */
export async function exportPkcs12(issued: Issued, { authority, password }: { authority: Issued; password: string }): Promise<Buffer> {
  const { pki, pkcs12, asn1 } = await load();
  const chain = [issued, authority].map(({ certificate }) => pki.certificateFromPem(certificate));
  const bag = pkcs12.toPkcs12Asn1(pki.privateKeyFromPem(issued.key), chain, password, { algorithm: 'aes256' });
  return Buffer.from(asn1.toDer(bag).getBytes(), 'binary');
}

const leafExtensions = [
  { name: 'basicConstraints', cA: false, critical: true },
  { name: 'keyUsage', digitalSignature: true, keyEncipherment: true, critical: true },
];

type Plan = When & { name: string; days: number; extensions: object[]; authority?: Issued };

async function issue({ name, now, days, extensions, authority }: Plan): Promise<Issued> {
  const [{ pki, md }, key] = await Promise.all([load(), newKey()]);
  const privateKey = pki.privateKeyFromPem(key);
  const subject = [{ shortName: 'CN', value: name }];
  const issuer = authority && pki.certificateFromPem(authority.certificate);
  const signer = authority ? pki.privateKeyFromPem(authority.key) : privateKey;
  const certificate = pki.createCertificate();
  certificate.publicKey = pki.setRsaPublicKey(privateKey.n, privateKey.e);
  certificate.serialNumber = serialNumber();
  // A client whose clock is a little behind must accept the new certificate, too.
  certificate.validity.notBefore = new Date(now - dayMs);
  certificate.validity.notAfter = new Date(now + days * dayMs);
  certificate.setSubject(subject);
  certificate.setIssuer(issuer?.subject.attributes ?? subject);
  const keyIdentifier = (issuer ?? certificate).generateSubjectKeyIdentifier().getBytes();
  certificate.setExtensions([...extensions, { name: 'subjectKeyIdentifier' }, { name: 'authorityKeyIdentifier', keyIdentifier }]);
  certificate.sign(signer, md.sha256.create());
  return { certificate: unix(pki.certificateToPem(certificate)), key };
}

/** 16 random bytes, positive: X.509 requires unique serial numbers. */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes.toString('hex');
}

// Node makes RSA keys a hundred times faster than forge.
async function newKey(): Promise<string> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

// Forge takes a while to load; a gateway that issues no certificate does not need it.
const load = async (): Promise<Forge> => (await import('node-forge')).default;

const unix = (pem: string): string => pem.replaceAll('\r\n', '\n');
