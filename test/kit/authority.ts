import { type Issued, issueClientCertificate, issueServerCertificate, makeAuthority } from '../../src/foundation/crypto/index.ts';

/** A development authority, with a server and a client certificate from it. */
export type TestAuthority = { authority: Issued; server: Issued; client: Issued };

let made: Promise<TestAuthority> | undefined;

/**
 * Made once per run. The server certificate covers this machine and the names of Google's servers, so that Google's own
 * clients accept it.
 */
export function testAuthority(): Promise<TestAuthority> {
  made ??= make();
  return made;
}

async function make(): Promise<TestAuthority> {
  const now = Date.now();
  const authority = await makeAuthority({ name: 'pushgate test CA', now });
  const hosts = ['localhost', '127.0.0.1', '::1', 'oauth2.googleapis.com', 'fcm.googleapis.com'];
  const [server, client] = await Promise.all([
    issueServerCertificate(authority, { hosts, now }),
    issueClientCertificate(authority, { name: 'linotp', now }),
  ]);
  return { authority, server, client };
}
