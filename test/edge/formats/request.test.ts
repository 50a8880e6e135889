import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type PiParams, type PiProduct, piFallback, readPiRequest, sendPi } from '../../../src/edge/formats/privacyidea/index.ts';
import { type Listener, openListener } from '../../../src/edge/http/index.ts';
import { openLog, openMetrics } from '../../../src/foundation/telemetry/index.ts';

const product: PiProduct = { name: 'privacyIDEA', version: '3.14', flavour: 'privacyidea', clock: () => 1_795_332_212_159 };
const names = ['user', 'pass', 'serial', 'nonce'];

describe('Requests of the privacyIDEA format', function () {
  this.timeout(30_000);
  let listener: Listener;
  before(async () => {
    const show = (params: PiParams): object => Object.fromEntries(names.map((name) => [name, params.text(name)]));
    const routes = [
      {
        methods: ['GET', 'POST'] as const,
        path: '/show/:serial',
        handle: async (ctx: Parameters<typeof sendPi>[0]) =>
          sendPi(ctx, product, { id: 1, value: show(await readPiRequest(ctx, product)) }),
      },
    ];
    const mounts = [{ path: '/', dialect: 'test', routes, fallback: piFallback(product) }];
    listener = await openListener({
      address: '127.0.0.1:0',
      mounts,
      log: openLog('silent'),
      metrics: openMetrics('test'),
      draining: { now: false },
    });
  });
  after(() => listener.close(0));

  const send = async (path: string, init: RequestInit = {}) => {
    const reply = await fetch(`${listener.url}${path}`, init);
    return { status: reply.status, type: reply.headers.get('content-type') ?? '', body: JSON.parse(await reply.text()) };
  };
  const post = (body: string | FormData | Buffer, type?: string, path = '/show/S') =>
    send(path, { method: 'POST', body, ...(type ? { headers: { 'content-type': type } } : {}) });
  const form = 'application/x-www-form-urlencoded';

  it('are read from path, query, form, multipart and JSON alike', async () => {
    const multipart = new FormData();
    multipart.set('user', 'ü');
    multipart.set('file', new Blob(['x']), 'x.txt');
    const user = async (reply: ReturnType<typeof send>) => (await reply).body.result.value.user;
    assert.equal(await user(send('/show/S?user=%C3%BC')), 'ü');
    assert.equal(await user(post('user=%C3%BC', form)), 'ü');
    assert.equal(await user(post(multipart)), 'ü');
    assert.equal(await user(post('{"user":"ü"}', 'application/json')), 'ü');
    assert.equal(await user(post('{"user":"ü"}', 'text/plain')), 'ü');
    assert.equal(await user(post('{"user":"ü"}', form)), 'ü');
    assert.equal((await send('/show/A%2520B')).body.result.value.serial, 'A B');
  });

  it('take the body before the query, and of two in one place the first', async () => {
    assert.deepEqual((await post('user=body&user=again', form, '/show/S?user=query&pass=query')).body.result.value, {
      user: 'body',
      pass: 'query',
      serial: 'S',
    });
  });

  it('have their nonce echoed with the time, in errors too', async () => {
    const good = await post('nonce=ABC', form);
    const bad = await post('{"nonce":"ABC","user":{}}', 'application/json');
    assert.deepEqual([good.body.nonce, bad.body.nonce, bad.status], ['ABC', 'ABC', 400]);
    assert.equal(good.body.time, 1_795_332_212.159);
    assert.equal('versionnumber' in bad.body, false);
    assert.equal(bad.body.detail, null);
  });

  it('never make the reader throw, whatever the bytes and the content type', async () => {
    const types = fc.constantFrom(
      form,
      'application/json',
      'text/plain',
      'multipart/form-data; boundary=x',
      'multipart/form-data',
      'application/vnd.api+json',
      'nonsense',
    );
    const parts = fc
      .array(
        fc.constantFrom(
          '--x\r\n',
          'Content-Disposition: form-data; name="user"\r\n\r\n',
          '{"user":',
          '[',
          '}',
          '%',
          '%41',
          '&',
          '=',
          'user',
          '"',
          '\\u0000',
          '\0',
          'ü',
          '--x--',
        ),
        { maxLength: 12 },
      )
      .map((texts) => Buffer.from(texts.join('')));
    const bodies = fc.oneof(
      fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
      parts,
    );
    await fc.assert(
      fc.asyncProperty(types, bodies, async (type, body) => {
        const { status, type: sent } = await post(body, type);
        assert.ok(status === 200 || status === 400, String(status));
        assert.match(sent, /json/);
      }),
      { numRuns: 400 },
    );
  });
});
