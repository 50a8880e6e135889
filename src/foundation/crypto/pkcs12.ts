import { createPrivateKey, X509Certificate } from 'node:crypto';
import type forge from 'node-forge';
import { onFirstUse } from '../lazy/index.ts';
import { ok, type Result, refused } from '../model/index.ts';

/** The content of a PKCS#12 file as PEM: the key, its certificate, then the other certificates of the chain. */
export type Pkcs12 = { certificates: string[]; key: string };

/** Why a PKCS#12 file cannot be used. `broken` includes formats that are not supported. */
export type Pkcs12Problem = 'wrong-password' | 'broken' | 'no-key' | 'no-certificate';

/**
 * Reads a PKCS#12 file (`.p12`, `.pfx`) with an RSA or EC key, in the old encryption (RC2, 3DES) or AES. Without a
 * password it tries both encodings of an empty one.
 */
export function readPkcs12(bytes: Uint8Array, password = ''): Result<Pkcs12, Pkcs12Problem> {
  const opened = openFile(bytes, password);
  if (!opened.ok) return opened;
  const [key] = [...bagsOf(opened.value, 'pkcs8ShroudedKeyBag'), ...bagsOf(opened.value, 'keyBag')].map(keyPem);
  if (key === undefined) return refused('no-key');
  return inOrder(bagsOf(opened.value, 'certBag').map(certificatePem), key);
}

/** Loaded on first use: most installations have PEM files. */
const loadForge = onFirstUse<typeof forge>('node-forge');

type Opened = Result<forge.pkcs12.Pkcs12Pfx, Pkcs12Problem>;

function openFile(bytes: Uint8Array, password: string): Opened {
  const first = openWith(bytes, password);
  if (first.ok || first.error !== 'wrong-password') return first;
  // An empty password differs from no password.
  if (password === '') return openWith(bytes, undefined);
  // AES takes the password in UTF-8, everything older (and the checksum) in UTF-16; the library uses the same bytes for
  // both.
  const utf8 = Buffer.from(password).toString('latin1');
  return utf8 === password ? first : openWith(bytes, utf8, 'unchecked');
}

function openWith(bytes: Uint8Array, password: string | undefined, checksum?: 'unchecked'): Opened {
  const { asn1, pkcs12, util } = loadForge();
  try {
    const structure = asn1.fromDer(util.createBuffer(Buffer.from(bytes).toString('latin1')));
    if (checksum && Array.isArray(structure.value)) structure.value = structure.value.slice(0, 2);
    return ok(pkcs12.pkcs12FromAsn1(structure, false, password));
  } catch (error) {
    // The library distinguishes these by their messages only.
    const isPassword = checksum === 'unchecked' || (error instanceof Error && /password|decrypt/i.test(error.message));
    return refused(isPassword ? 'wrong-password' : 'broken');
  }
}

type BagKind = 'pkcs8ShroudedKeyBag' | 'keyBag' | 'certBag';

function bagsOf(file: forge.pkcs12.Pkcs12Pfx, kind: BagKind): forge.pkcs12.Bag[] {
  const bagType = loadForge().pki.oids[kind] ?? '';
  return file.getBags({ bagType })[bagType] ?? [];
}

/** Key types that the library does not know, such as EC, are passed through as DER. */
function keyPem({ key, asn1 }: forge.pkcs12.Bag): string {
  return key ? loadForge().pki.privateKeyToPem(key) : pem('PRIVATE KEY', asn1);
}

function certificatePem({ cert, asn1 }: forge.pkcs12.Bag): string {
  return cert ? loadForge().pki.certificateToPem(cert) : pem('CERTIFICATE', asn1);
}

function pem(type: string, structure: forge.asn1.Asn1): string {
  const { asn1, pem } = loadForge();
  return pem.encode({ type, body: asn1.toDer(structure).getBytes() });
}

function inOrder(certificates: readonly string[], key: string): Result<Pkcs12, Pkcs12Problem> {
  try {
    const privateKey = createPrivateKey(key);
    const own = certificates.find((certificate) => new X509Certificate(certificate).checkPrivateKey(privateKey));
    if (own === undefined) return refused('no-certificate');
    const unix = (text: string): string => text.replaceAll('\r\n', '\n');
    return ok({ certificates: [own, ...certificates.filter((each) => each !== own)].map(unix), key: unix(key) });
  } catch {
    return refused('broken');
  }
}
