import assert from 'node:assert/strict';
import { secureContextOf } from '../../../src/foundation/wire/secure-context.ts';
import { testAuthority } from '../../kit/authority.ts';

describe('The TLS context of connections', () => {
  it('is made once for all connections with the same authorities and certificate, and shared with no others', async () => {
    const { authority, client, server } = await testAuthority();
    const ca = authority.certificate;
    const trusts = [
      {},
      { ca },
      { ca: server.certificate },
      { ca, clientCertificate: client },
      { ca, clientCertificate: server },
      { clientCertificate: client },
    ];
    // when each is asked for twice
    const first = trusts.map(secureContextOf);
    const again = trusts.map((trust) => secureContextOf({ ...trust }));
    // then each has one of its own
    assert.equal(new Set([...first, ...again]).size, trusts.length);
    assert.ok(again.every((context, index) => context === first[index]));
  });
});
