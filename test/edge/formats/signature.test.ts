import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { constants, generateKeyPairSync, verify } from 'node:crypto';
import { pythonJson } from '../../../src/edge/formats/privacyidea/signature.ts';
import { givenGateway } from '../../kit/gateway.ts';
import { cleanup } from '../../kit/temporary.ts';

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const key = { SIGNING_KEY: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() };
const signing = { settings: { responseSigningKey: { $env: 'SIGNING_KEY' } }, environment: key };

/**
 * The signed text, derived from the text of a reply alone: token by token, so that numbers keep their spelling.
 */
function signedTextOf(reply: string): { text: string; signature: string } {
  const body: Record<string, unknown> = JSON.parse(reply, (_name, value, context?: { source?: string }) =>
    typeof value === 'number' ? { number: context?.source ?? String(value) } : value,
  );
  const { signature, ...rest } = body;
  const written = (value: unknown): string => {
    if (Array.isArray(value)) return `[${value.map(written).join(', ')}]`;
    if (typeof value === 'object' && value !== null) {
      if ('number' in value) return String(value.number);
      const members = Object.entries(value).map(([name, member]) => `${written(name)}: ${written(member)}`);
      return `{${members.sort().join(', ')}}`;
    }
    if (typeof value !== 'string') return String(value);
    const units = Array.from({ length: value.length }, (_, at) => value.charCodeAt(at));
    return `"${units.map((unit) => (unit < 127 ? JSON.stringify(String.fromCharCode(unit)).slice(1, -1) : `\\u${(65_536 + unit).toString(16).slice(1)}`)).join('')}"`;
  };
  return { text: written(rest), signature: String(signature) };
}

function isSigned(reply: string): boolean {
  const { text, signature } = signedTextOf(reply);
  assert.match(signature, /^rsa_sha256_pss:[0-9a-f]{512}$/);
  const options = { key: publicKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_MAX_SIGN };
  return verify('sha256', Buffer.from(text), options, Buffer.from(signature.slice('rsa_sha256_pss:'.length), 'hex'));
}

describe('The signature of replies', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  it('is on every envelope, errors included, and on nothing else', async () => {
    const { client, phoneOf, admin } = await givenGateway(undo, {
      ...signing,
      policies: [{ name: 'text', scope: 'authentication', actions: { push_challenge_text: 'Bestätigen 😀 "jetzt"\u007f' } }],
    });
    await phoneOf('alice');
    const replies = [
      await client.post('/validate/check', { user: 'alice', pass: '1234', nonce: 'äöü' }),
      await client.post('/validate/check', { user: 'alice', pass: 'wrong' }),
      await client.get('/token/', {}, admin),
      await client.post('/validate/check', {}),
      await client.post('/auth', { username: 'x', password: 'y' }),
      await client.send('/validate/check', { method: 'PUT' }),
    ];
    assert.equal(replies[0]?.body.result.authentication, 'CHALLENGE');
    for (const { text } of replies) assert.ok(isSigned(text), text);
    assert.deepEqual((await client.get('/nowhere')).body, { error: 'Not found' });
    assert.ok(!('signature' in (await client.get('/livez')).body));
    // and one changed letter is noticed
    const [first] = replies;
    assert.equal(isSigned(first?.text.replace('"value":false', '"value":true') ?? ''), false);
  });

  it('is missing without a key', async () => {
    const { client } = await givenGateway(undo);
    assert.ok(!('signature' in (await client.post('/validate/check', {})).body));
  });

  it('covers the text that Python would write', function () {
    const odd = {
      ö: [1, 1.5, 1795332212.159, 1795332212, -0.00001, 1.5e-7, 0.0001, 1e21, 10_000_000_000_000_000, true, null],
      a: { '\u{1F600}': '\u2028\u007f\b\t"\\/', '\uFFFD': {}, A: [] },
      'plain text': '\u0001 \uD800',
    };
    const python = spawnSync('python3', ['-c', 'import json,sys; sys.stdout.write(json.dumps(json.load(sys.stdin), sort_keys=True))'], {
      input: JSON.stringify(odd),
      encoding: 'utf8',
    });
    if (python.status !== 0 && !process.env.CI) return this.skip();
    assert.equal(pythonJson(odd), python.stdout);
  });

  it('needs an RSA private key', async () => {
    const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    await assert.rejects(
      givenGateway(undo, { ...signing, environment: { SIGNING_KEY: ec } }),
      /responseSigningKey: expected an RSA private key/,
    );
  });
});
