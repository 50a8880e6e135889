import assert from 'node:assert/strict';
import { join } from 'node:path';
import { answer } from '../../../src/engine/challenges/answer.ts';
import type { EngineParts } from '../../../src/engine/parts.ts';
import type { PhoneProtocol } from '../../../src/engine/phones/phone-protocol.ts';
import { phoneKeyOf } from '../../../src/engine/records/phone-key.ts';
import { openLog } from '../../../src/foundation/telemetry/index.ts';
import { openPolicy } from '../../../src/policy/index.ts';
import { openEmbeddedStore } from '../../../src/store/embedded/index.ts';
import { givenChallenge, givenPushToken, givenTransaction } from '../../kit/records.ts';
import { cleanup, temporaryFolder } from '../../kit/temporary.ts';

describe('An answer that fits nothing', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  it('costs five signatures where it names no challenge, and one where it does, however many wait', async () => {
    // given 200 open challenges of one phone, as an earlier version let them pile up
    const store = await openEmbeddedStore({ path: join(temporaryFolder(undo), 'pushgate.db'), log: openLog('silent') });
    undo.later(() => store.close());
    const token = givenPushToken();
    await store.addToken(token);
    for (let number = 0; number < 200; number += 1) {
      const challenge = givenChallenge({ phoneKey: phoneKeyOf(token), handle: `N${number}` });
      await store.addTransaction(givenTransaction({ id: `t${number}`, createdAt: number }, [challenge]));
    }
    const tried: string[] = [];
    const phone = {
      name: 'pipush',
      readAnswer(_: unknown, { handle }: { handle: string }) {
        tried.push(handle);
        return undefined;
      },
    } as unknown as PhoneProtocol<never, string>;
    const limits = { failedOrThrow: async () => undefined };
    const parts = { store, limits, policy: openPolicy([]), clock: () => 500, log: openLog('silent') } as unknown as EngineParts;
    const says = (handle?: string) => answer(parts, phone, { serial: token.serial, handle, answer: 'garbage', source: '192.0.2.1' });
    // when garbage comes without the name of a challenge, with one, and with one that is not there
    assert.deepEqual(await says(), { kind: 'refused' });
    assert.deepEqual(tried.splice(0), ['N195', 'N196', 'N197', 'N198', 'N199']);
    assert.deepEqual(await says('N7'), { kind: 'refused' });
    assert.deepEqual(tried.splice(0), ['N7']);
    assert.deepEqual(await says('none'), { kind: 'refused' });
    assert.deepEqual(tried, []);
  });
});
