import forge from 'node-forge';
import { preparedKeyPair } from './prepared-keys.ts';

/** A certificate and its key as PEM. */
export type Issued = { certificate: string; key: string };

/** A certificate authority for one test. */
export type Authority = { certificate: string; issue(): Issued };

/** Makes an authority; its certificates are for `localhost` and 127.0.0.1. */
export function certificateAuthority(): Authority {
  const own = keyPair();
  const name = [{ name: 'commonName', value: 'Test authority' }];
  const root = certificate(own, { subject: name, issuer: name, signer: own, extensions: [{ name: 'basicConstraints', cA: true }] });
  return {
    certificate: root,
    issue() {
      const server = keyPair();
      const altNames = [
        { type: 2, value: 'localhost' },
        { type: 7, ip: '127.0.0.1' },
      ];
      const subject = [{ name: 'commonName', value: 'localhost' }];
      const issued = certificate(server, { subject, issuer: name, signer: own, extensions: [{ name: 'subjectAltName', altNames }] });
      return { certificate: issued, key: server.key };
    },
  };
}

type KeyPair = { public: string; key: string };

function keyPair(): KeyPair {
  const { publicKey, privateKey } = preparedKeyPair();
  return {
    public: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    key: privateKey.export({ type: 'pkcs1', format: 'pem' }).toString(),
  };
}

type Wish = { subject: forge.pki.CertificateField[]; issuer: forge.pki.CertificateField[]; signer: KeyPair; extensions: object[] };

function certificate(pair: KeyPair, { subject, issuer, signer, extensions }: Wish): string {
  const made = forge.pki.createCertificate();
  made.publicKey = forge.pki.publicKeyFromPem(pair.public);
  made.serialNumber = '01';
  made.validity.notBefore = new Date(Date.now() - 86_400_000);
  made.validity.notAfter = new Date(Date.now() + 86_400_000);
  made.setSubject(subject);
  made.setIssuer(issuer);
  made.setExtensions(extensions);
  made.sign(forge.pki.privateKeyFromPem(signer.key), forge.md.sha256.create());
  return forge.pki.certificateToPem(made);
}
