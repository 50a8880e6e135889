import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { request as ask, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Challenge, openPushgate, Problem, Unreachable, verifyWebHook, WrongSignature } from '../../clients/typescript/src/index.ts';
import { givenRest, keys } from '../edge/dialects/rest/given.ts';
import { type Cleanup, cleanup, temporaryFolder } from '../kit/temporary.ts';
import { givenBrokenGateway } from './broken-gateway.ts';

/** A gateway, its client, and alice's phone. */
async function givenClient(undo: Cleanup) {
  const world = await givenRest(undo);
  const phone = await world.phoneOf('alice');
  const nonce = async (): Promise<string> => (await phone.poll()).body.result.value.at(-1).nonce;
  return {
    ...world,
    client: openPushgate({ url: `${world.client.url}/rest/`, key: keys.shop }),
    accepts: async ({ number = '' }: Challenge) => phone.answer(await nonce(), { option: number }),
    declines: async () => phone.answer(await nonce(), { decline: true }),
  };
}

/** A proxy that lets no event stream through, as some do. */
async function givenNarrowProxy(undo: Cleanup, url: string): Promise<string> {
  const proxy = createServer((incoming, reply) => {
    if (incoming.url?.endsWith('/events')) return void reply.writeHead(406).end('no streams here');
    const onward = ask(`${url}${incoming.url}`, { method: incoming.method, headers: incoming.headers }, (answer) => {
      reply.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(reply);
    });
    incoming.pipe(onward);
  });
  await new Promise<void>((resolve) => void proxy.listen(0, '127.0.0.1', resolve));
  undo.later(() => {
    proxy.closeAllConnections();
    proxy.close();
  });
  return `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
}

const secret = `whsec_${Buffer.from('a web hook secret of 32 bytes ...').toString('base64')}`;

describe('The TypeScript client', function () {
  this.timeout(40_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  it('asks, waits for the answer, and takes it once', async () => {
    const { client, accepts } = await givenClient(undo);
    const challenge = await client.createChallenge(
      { user: 'alice', text: 'Send money?', binding: 'session' },
      { idempotencyKey: 'order-1' },
    );
    assert.deepEqual(
      await client.createChallenge({ user: 'alice', text: 'Send money?', binding: 'session' }, { idempotencyKey: 'order-1' }),
      challenge,
    );
    const waiting = client.waitForChallenge(challenge.id);
    await accepts(challenge);
    assert.equal((await waiting).status, 'accepted');
    const taken = await client.consumeChallenge(challenge.id, { binding: 'session' });
    assert.deepEqual([taken.status, taken.user], ['consumed', 'alice']);
    await assert.rejects(
      () => client.consumeChallenge(challenge.id, { binding: 'session' }),
      (error) => error instanceof Problem && error.type === 'already-consumed' && error.status === 409,
    );
  });

  it('waits by long polls where a proxy lets no stream through', async () => {
    const { client: direct, gateway, declines } = await givenClient(undo);
    const client = openPushgate({ url: `${await givenNarrowProxy(undo, gateway.urls[0] ?? '')}/rest`, key: keys.shop });
    const { id } = await direct.createChallenge({ user: 'alice' });
    const waiting = client.waitForChallenge(id);
    await declines();
    assert.deepEqual([(await waiting).status, (await waiting).reason], ['declined', 'declined']);
  });

  it('stops waiting when it is told to, and says when there is no gateway', async () => {
    const { client } = await givenClient(undo);
    const { id } = await client.createChallenge({ user: 'alice' });
    const stop = new AbortController();
    const waiting = client.waitForChallenge(id, { signal: stop.signal });
    stop.abort(new Error('the user left'));
    await assert.rejects(waiting, /the user left/);
    assert.equal((await client.cancelChallenge(id)).status, 'withdrawn');
    await assert.rejects(() => openPushgate({ url: 'http://127.0.0.1:1', key: keys.shop }).getChallenge(id), Unreachable);
  });

  it('waits on by long polls when a stream breaks off, and says when a reply does', async () => {
    const client = openPushgate({ url: await givenBrokenGateway(undo), key: undefined });
    assert.equal((await client.waitForChallenge('good')).status, 'accepted');
    for (const id of ['cut', 'page']) await assert.rejects(() => client.getChallenge(id), Unreachable);
  });

  it('tells which fields of a request are wrong', async () => {
    const { client } = await givenClient(undo);
    await assert.rejects(
      () => client.createChallenge({ user: 'alice', validitySeconds: 1 }),
      (error) => error instanceof Problem && error.type === 'invalid-request' && error.errors[0]?.field === '/validitySeconds',
    );
  });

  describe('takes web hooks', () => {
    const now = () => 1_800_000_000_000;
    const body = JSON.stringify({ type: 'challenge.accepted', timestamp: '2027-01-15T08:00:00Z', data: { id: '1', status: 'accepted' } });
    const signed = (text: string, stamp = 1_800_000_000) =>
      `v1,${createHmac('sha256', Buffer.from(secret.slice(6), 'base64'))
        .update(`msg-1.${stamp}.${text}`)
        .digest('base64')}`;
    const headers = { 'webhook-id': 'msg-1', 'Webhook-Timestamp': '1800000000', 'webhook-signature': `v1,AAAA ${signed(body)}` };

    it('that one of the secrets signed', async () => {
      assert.equal((await verifyWebHook({ headers, body }, { secrets: ['whsec_AAAA', secret], now })).data.id, '1');
      const { publicKey, privateKey } = generateKeyPairSync('ed25519');
      const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32).toString('base64');
      const signature = `v1a,${sign(null, Buffer.from(`msg-1.1800000000.${body}`), privateKey).toString('base64')}`;
      const hook = { headers: new Headers({ ...headers, 'webhook-signature': signature }), body: Buffer.from(body) };
      assert.equal((await verifyWebHook(hook, { secrets: `whpk_${raw}`, now })).type, 'challenge.accepted');
    });

    const refused: [string, Record<string, string>, string][] = [
      ['with another body', {}, body.replace('accepted', 'declined')],
      ['with another id', { 'webhook-id': 'msg-2' }, body],
      ['from long ago', { 'Webhook-Timestamp': '1799999000', 'webhook-signature': signed(body, 1_799_999_000) }, body],
      ['from the future', { 'Webhook-Timestamp': '1800001000', 'webhook-signature': signed(body, 1_800_001_000) }, body],
      ['without a signature', { 'webhook-signature': '' }, body],
      ['with a public key as HMAC secret', { 'webhook-signature': signed(body).replace('v1,', 'v1a,') }, body],
    ];
    for (const [title, change, text] of refused)
      it(`but none ${title}`, () =>
        assert.rejects(() => verifyWebHook({ headers: { ...headers, ...change }, body: text }, { secrets: secret, now }), WrongSignature));
  });

  it('can be built and published: plain JavaScript with types, and no dependency', async () => {
    const folder = temporaryFolder(undo);
    execFileSync('tsc', ['-p', 'clients/typescript', '--outDir', join(folder, 'dist')], { stdio: 'inherit' });
    const built: unknown = await import(pathToFileURL(join(folder, 'dist/index.js')).href);
    assert.ok(typeof built === 'object' && built !== null && 'openPushgate' in built && 'verifyWebHook' in built);
    copyFileSync('clients/typescript/package.json', join(folder, 'package.json'));
    const packed = execFileSync('npm', ['pack', '--dry-run', '--json'], {
      cwd: folder,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const names: string[] = JSON.parse(packed)[0].files.map(({ path }: { path: string }) => path);
    assert.ok(names.includes('dist/index.js') && names.includes('dist/index.d.ts'), names.join());
    assert.equal(JSON.parse(readFileSync('clients/typescript/package.json', 'utf8')).dependencies, undefined);
    // and the example of its README compiles, in a strict project
    const [, example = ''] = /```ts\n([\s\S]*?)```/.exec(readFileSync('clients/typescript/README.md', 'utf8')) ?? [];
    const surroundings = 'declare const sessionId: string; declare function show(number: string | undefined): void;';
    writeFileSync(join(folder, 'shop.ts'), `${surroundings}\n${example}`);
    const strict = { strict: true, exactOptionalPropertyTypes: true, module: 'nodenext', target: 'es2022', noEmit: true };
    const compilerOptions = { ...strict, types: ['node'], typeRoots: [resolve('node_modules/@types')] };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['shop.ts'] }));
    execFileSync('tsc', ['-p', folder], { stdio: 'inherit' });
  });
});
