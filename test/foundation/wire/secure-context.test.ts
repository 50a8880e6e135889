import assert from 'node:assert/strict';
import { secureContextOf } from '../../../src/foundation/wire/secure-context.ts';
import { testAuthority } from '../../kit/authority.ts';

describe('What connections trust', () => {
  it('is made once for all connections that trust the same and prove the same, and never shared by others', async () => {
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
