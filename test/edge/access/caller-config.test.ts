import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { join } from 'node:path';
import { checkConfig, problemText } from '../../../src/config/index.ts';
import { configText } from '../../kit/gateway.ts';

const pem = (key: KeyObject): string => key.export({ type: key.type === 'public' ? 'spki' : 'pkcs8', format: 'pem' }).toString();
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const environment = {
  KEY: 'k'.repeat(24),
  SHORT: 'short',
  HASH: 'sha256:123',
  EC: pem(ec.publicKey),
  PRIVATE: pem(ec.privateKey),
  KEYRING: '{}',
};

/** The findings of the check for a configuration with these parts. */
async function problems(more: object): Promise<string> {
  const checked = await checkConfig(
    configText({ more: { keyring: { $env: 'KEYRING' }, ...more } }),
    join('folder', 'config.json'),
    environment,
  );
  return checked.ok ? '' : checked.error.map(problemText).join('\n');
}

const server = (more: object) => ({ name: 'vpn', mounts: ['/'], ...more });
const trusted = (more: object) => ({ publicKey: { $env: 'EC' }, algorithm: 'ES256', role: 'admin', username: '.*', ...more });

describe('The configuration of callers', () => {
  it('accepts keys by reference only, and refuses short, broken and duplicate ones', async () => {
    assert.equal(
      await problems({ authServers: [server({ apiKeys: [{ $env: 'KEY' }], hmacKeys: [{ id: 'a', secret: { $env: 'KEY' } }] })] }),
      '',
    );
    const twice = [server({ apiKeys: [{ $env: 'KEY' }] }), server({ name: 'web', apiKeys: [{ $env: 'KEY' }] })];
    const cases: [object, RegExp][] = [
      [{ authServers: [server({ apiKeys: ['literal'] })] }, /authServers\[0\]\.apiKeys\[0\]: give a secret as/],
      [{ authServers: [server({ apiKeys: [{ $env: 'SHORT' }] })] }, /apiKeys\[0\]: an API key has 24 characters or more/],
      [{ authServers: [server({ apiKeys: [{ $env: 'HASH' }] })] }, /apiKeys\[0\]: .*(64 lower-case hex digits|24 characters)/],
      [{ authServers: [server({ hmacKeys: [{ id: 'a', secret: { $env: 'SHORT' } }] })] }, /hmacKeys\[0\]\.secret: a secret has 24/],
      [{ authServers: twice }, /authServers\[1\]\.apiKeys\[0\]: another one is the same/],
    ];
    for (const [more, expected] of cases) assert.match(await problems(more), expected);
    assert.doesNotMatch(await problems({ authServers: twice }), /kkkk/, 'no problem shows a key');
  });

  it('accepts trusted JWTs whose key fits their algorithm', async () => {
    assert.equal(await problems({ trustedJwts: [trusted({})] }), '');
    const cases: [object, RegExp][] = [
      [trusted({ algorithm: 'ES384' }), /publicKey: ES384 needs an EC key on the curve secp384r1/],
      [trusted({ algorithm: 'RS256' }), /publicKey: RS256 needs an RSA key of 2048 bits or more/],
      [trusted({ algorithm: 'HS256' }), /algorithm: /],
      [trusted({ algorithm: 'none' }), /algorithm: /],
      [trusted({ publicKey: { $env: 'KEY' } }), /publicKey: expected a public key as PEM/],
      [trusted({ publicKey: { $env: 'PRIVATE' } }), /publicKey: expected a public key as PEM/],
      [trusted({ username: 'a)|(b' }), /username: is not a regular expression/],
      [trusted({ role: 'user' }), /role: /],
      [trusted({ role: 'validate' }), /authServer: tokens of role validate need/],
      [trusted({ authServer: 'gone' }), /authServer: there is no auth server "gone"/],
      [trusted({ maxLifeDays: 0 }), /maxLifeDays: /],
      [trusted({ maxLifeDays: 3651 }), /maxLifeDays: /],
    ];
    for (const [entry, expected] of cases) assert.match(await problems({ trustedJwts: [entry] }), expected);
  });

  it('warns of trusted JWTs without all possible restrictions', async () => {
    const warnings = async (more: object) => {
      const checked = await checkConfig(
        configText({ more: { keyring: { $env: 'KEYRING' }, trustedJwts: [trusted(more)] } }),
        join('folder', 'config.json'),
        environment,
      );
      return checked.ok ? checked.value.warnings.map(problemText) : ['refused'];
    };
    const issuer = 'https://portal.example';
    assert.deepEqual(await warnings({ issuer, audience: 'pushgate', maxLifeDays: 30 }), []);
    assert.deepEqual(await warnings({ issuer }), [
      'trustedJwts[0]: warning: names no audience and no maxLifeDays: tokens are taken whatever they say there',
    ]);
  });
});
