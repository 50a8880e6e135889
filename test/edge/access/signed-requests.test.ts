import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { minutes } from '../../kit/clock.ts';
import { givenGateway } from '../../kit/gateway.ts';
import { signed as sign, type ToSign } from '../../kit/signed-request.ts';
import { cleanup } from '../../kit/temporary.ts';

const secret = 'portal-secret-0123456789abcdef';
const login = 'user=alice&pass=1234';

/** The headers of a request that the portal signed. */
const signed = (over: Partial<ToSign>) => sign({ now: 0, id: 'portal-1', key: secret, body: login, ...over });

describe('Auth servers that sign their requests', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  const given = async () => {
    const gateway = await givenGateway(undo, {
      environment: { PORTAL_KEY: secret },
      more: { authServers: [{ name: 'portal', mounts: ['/'], hmacKeys: [{ id: 'portal-1', secret: { $env: 'PORTAL_KEY' } }] }] },
    });
    await gateway.phoneOf('alice');
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    const check = async (headers: Record<string, string>, body = login, target = '/validate/check') =>
      (await gateway.client.send(target, { method: 'POST', body, headers: { ...form, ...headers } })).body.result;
    return { ...gateway, check };
  };

  it('are known by their signature, over query and form alike', async () => {
    const { check, client, clock } = await given();
    assert.equal((await check(signed({ now: clock() }))).authentication, 'CHALLENGE');
    const target = '/validate/check?user=alice&pass=1234';
    const get = await client.send(target, { headers: signed({ now: clock(), method: 'GET', target, body: '' }) });
    assert.equal(get.body.result.authentication, 'CHALLENGE');
    const json = JSON.stringify({ user: 'alice', pass: '1234' });
    assert.equal((await check(signed({ now: clock(), body: json }), json)).authentication, 'CHALLENGE');
  });

  it('are refused when a request was changed, is old, or comes a second time', async () => {
    const { check, clock } = await given();
    const now = clock();
    const once = signed({ now });
    assert.equal((await check(once)).authentication, 'CHALLENGE');
    const bad: Record<string, Record<string, string>> = {
      'the same again': once,
      'another body': signed({ now, body: 'user=bob&pass=1234' }),
      'another path': signed({ now, target: '/validate/samlcheck' }),
      'another method': signed({ now, method: 'GET' }),
      'another key': signed({ now, key: 'portal-secret-0123456789abcdeX' }),
      'an unknown key': signed({ now, id: 'portal-2' }),
      'another time': { ...signed({ now }), 'x-pushgate-time': String(Math.floor(now / 1000) + 1) },
      'too old': signed({ now: now - minutes(5) - 1000 }),
      'too early': signed({ now: now + minutes(5) + 1000 }),
      'no signature': { 'x-pushgate-key-id': 'portal-1' },
    };
    for (const [what, headers] of Object.entries(bad)) assert.equal((await check(headers)).error?.code, 4304, what);
    assert.equal((await check(signed({ now: now - minutes(4) }))).authentication, 'CHALLENGE', 'a slow clock is fine');
  });

  it('may sign with openssl and curl, as the documentation shows', async () => {
    const { client, clock } = await given();
    const [, script = ''] = /```bash\n([^`]+)```/.exec(readFileSync('docs/callers.md', 'utf8')) ?? [];
    // The clock of the gateway stands still in a test; the machine's is a moment ahead.
    assert.ok(Math.abs(clock() - Date.now()) < minutes(1));
    const shell = spawn('bash', ['-euc', script], { env: { ...process.env, GATEWAY: client.url, KEY_ID: 'portal-1', SECRET: secret } });
    const [said] = await Promise.all([text(shell.stdout), once(shell, 'exit')]);
    assert.match(said, /"authentication":"CHALLENGE"/);
  });
});
