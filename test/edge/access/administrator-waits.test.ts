import assert from 'node:assert/strict';
import { givenGateway } from '../../kit/gateway.ts';
import { cleanup } from '../../kit/temporary.ts';

const mounts = [
  { path: '/', serves: 'privacyidea' },
  { path: '/linotp', serves: 'linotp' },
];

describe('Guesses at the password of an administrator, over the wire', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  /** A gateway behind a proxy; the portal logs in as `admin`, from networks of its own. */
  const given = async () => {
    const gateway = await givenGateway(undo, {
      settings: { sourceFailures: 1_000_000 },
      more: {
        listeners: [{ address: '127.0.0.1:0', trustedProxies: ['127.0.0.1/32'], mounts }],
        authServers: [{ name: 'portal', networks: ['10.0.0.0/8'], mounts: ['/'], accounts: ['admin'] }],
      },
    });
    const right = gateway.gateway.firstPassword ?? '';
    const logIn = (from: string, password: string, path = '/auth') =>
      fetch(`${gateway.client.url}${path}`, {
        method: 'POST',
        headers: { 'x-forwarded-for': from },
        body: new URLSearchParams({ username: 'admin', password }),
      });
    return { right, logIn, statusOf: async (...login: Parameters<typeof logIn>) => (await logIn(...login)).status };
  };

  it('make their network wait, in the format of either dialect, and the right password works from elsewhere', async () => {
    const { right, logIn, statusOf } = await given();
    for (let guess = 0; guess < 10; guess += 1) assert.equal(await statusOf('192.0.2.1', 'guess'), 401);
    const [pi, linotp] = [await logIn('192.0.2.1', right), await logIn('192.0.2.1', right, '/linotp/admin/login')];
    for (const { status, headers } of [pi, linotp]) assert.deepEqual([status, headers.get('retry-after')], [429, '60']);
    assert.match(await pi.text(), /try again in 60 seconds/);
    assert.equal(await statusOf('192.0.2.2', right), 200);
  });

  it('keep no portal from logging in, however many networks they come from', async () => {
    // given one guess from each of a hundred networks, and one more that starts the wait for all
    const { right, statusOf } = await given();
    for (let guess = 0; guess <= 100; guess += 1) assert.equal(await statusOf(`192.0.2.${guess}`, 'guess'), 401);
    // when the portal and another client log in
    const [portal, other] = [await statusOf('10.1.2.3', right), await statusOf('198.51.100.7', right)];
    // then only the portal need not wait
    assert.deepEqual([portal, other], [200, 429]);
  });
});
