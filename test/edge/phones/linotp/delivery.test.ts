import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { givenLinotp } from '../../../kit/linotp.ts';
import { cleanup } from '../../../kit/temporary.ts';

const asker = { authServer: 'vpn', dialect: 'linotp', client: '127.0.0.1', userAgent: '' };

describe('A challenge for a phone of LinOTP', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  it('goes to its challenge service in the form of LinOTP', async () => {
    // given a challenge service
    const bodies: string[] = [];
    const service = createServer(async (request, response) => {
      bodies.push(await text(request));
      response.end('ok');
    });
    service.listen(0, '127.0.0.1');
    await once(service, 'listening');
    undo.later(() => service.close().closeAllConnections());
    const address = service.address();
    assert.ok(typeof address === 'object' && address);
    const config = { push_url: `http://127.0.0.1:${address.port}/v1/challenge` };
    const providers = [{ name: 'cs', kind: 'challenge-service', default: true, config }];
    const given = await givenLinotp(undo, {
      more: { providers: [...providers, { name: 'poll', kind: 'poll-only', config: {} }] },
      policies: [{ name: 'by challenge service', actions: { push_provider: ['cs'] } }],
    });
    const phone = await given.activePhone('KIPT0001');
    // when the phone is asked under a name that the dialect chose
    const naming = () => ({ foreignId: '41227575594942494', handles: ['41227575594942494'] });
    const transaction = await given.ask(['KIPT0001'], { naming });
    const [delivered] = await given.engine.challenges.deliver({ transaction, tokens: [await given.token('KIPT0001')], asker });
    // then the body is LinOTP's, byte for byte
    assert.deepEqual([delivered?.sent, delivered?.pollable], [true, false]);
    const payload = transaction.decision.challenges[0]?.payload;
    assert.match(payload ?? '', /^lseqr:\/\/push\/[A-Za-z0-9_-]+$/);
    assert.deepEqual(bodies, [`{"challenge": {"transactionId": "41227575594942494", "gda": "DEADBEEF", "challenge": "${payload}"}}`]);
    assert.equal(phone.read(transaction).transactionId, '41227575594942494');
    // and the longest one stays within the limits of a challenge service
    const longest = await given.ask(['KIPT0001'], { prompt: { title: '', question: 'ü'.repeat(255) } });
    assert.ok((longest.decision.challenges[0]?.payload.length ?? 0) <= 1536);
  });
});
