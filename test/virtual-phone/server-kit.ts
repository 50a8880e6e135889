import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';

/** One request that a phone sent: `fields` are those of the form, or of the query of a GET. */
export type Call = { method: string; path: string; headers: IncomingHttpHeaders; body: string; fields: Record<string, string> };
/** The reaction of the server: a reply, or `hang up`, or `stay silent`. */
export type Says = { status?: number; body: unknown } | 'hang up' | 'stay silent';
/** Fields of a message; `undefined` leaves one out. */
export type Fields = Record<string, unknown>;

/** A push server written from the protocol alone, with one RSA key for all of its tokens. */
export type FakeServer = Awaited<ReturnType<typeof startServer>>;

const bits = (bytes: Uint8Array) => [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
/** RFC 4648 base32 by way of a text of bits. */
export const b32 = (bytes: Uint8Array): string => {
  const digits = bits(bytes).match(/.{1,5}/g) ?? [];
  const plain = digits.map((five) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'[Number.parseInt(five.padEnd(5, '0'), 2)]).join('');
  return plain + '='.repeat((8 - (plain.length % 8)) % 8);
};
/** Reads base32 by way of a text of bits. */
export const fromB32 = (text: string): Buffer => {
  const plain = [...text.replace(/=+$/, '')]
    .map((digit) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(digit).toString(2).padStart(5, '0'))
    .join('');
  return Buffer.from((plain.match(/.{8}/g) ?? []).map((eight) => Number.parseInt(eight, 2)));
};

/** A successful reply of the server. */
export const good = (value: unknown, detail?: object): Says => ({
  body: { id: 1, jsonrpc: '2.0', result: { status: true, value }, ...(detail && { detail }) },
});
/** A refusal of the server. */
export const bad = (status: number, code: number, message: string): Says => ({
  status,
  body: { id: 1, jsonrpc: '2.0', detail: null, result: { status: false, error: { code, message } } },
});

/**
 * Starts the server on loopback. `says` may be replaced by a test; `reset` makes it behave again and forget what it has
 * seen.
 */
export async function startServer() {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const pkcs1 = publicKey.export({ type: 'pkcs1', format: 'der' }).toString('base64');
  const behaves = ({ fields }: Call): Says => {
    if (fields.pubkey) return good(true, { public_key: pkcs1.replace(/.{64}/g, '$&\n'), rollout_state: 'enrolled', serial: fields.serial });
    return good(fields.timestamp && !fields.new_fb_token ? [] : true);
  };
  const calls: Call[] = [];
  const server = { calls, says: behaves, url: '', pkcs1, publicKey };
  const listener = createServer(async (request, response) => {
    const call = await readCall(request);
    server.calls.push(call);
    reply(response, server.says(call));
  });
  await new Promise<void>((ready) => listener.listen(0, '127.0.0.1', ready));
  const address = listener.address();
  assert.ok(typeof address === 'object' && address);
  server.url = `http://127.0.0.1:${address.port}/ttype/push`;
  const signed = (words: string) => b32(sign('sha256', Buffer.from(words), privateKey));
  return Object.assign(server, {
    sign: signed,
    /** A signed message; fields given replace those of an ordinary one, before or (`after`) after it is signed. */
    message: (given: Fields = {}, after: Fields = {}): Fields => {
      const plain: Fields = {
        nonce: 'NONCEA',
        question: 'Log in?',
        serial: 'PIPU1',
        title: 'ACME',
        sslverify: '1',
        url: server.url,
        ...given,
      };
      const { nonce, url, serial, question, title, sslverify, require_presence: presence, display_code: code } = plain;
      const parts = [nonce, url, serial, question, title, sslverify, presence ?? code].filter((part) => part !== undefined);
      return { ...plain, signature: signed(parts.join('|')), ...after };
    },
    /** The pair of fields that announces the server's capabilities. */
    capabilities: (canonical: string, nonce = 'NONCEA'): Fields => ({
      capabilities: canonical,
      capabilities_signature: signed(`{"capabilities":${canonical},"nonce":"${nonce}"}`),
    }),
    offer: (parameters: Record<string, string> = {}): string => {
      const all = {
        url: server.url,
        ttl: '10',
        issuer: 'ACME',
        enrollment_credential: 'c0ffee',
        v: '1',
        serial: 'PIPU1',
        sslverify: '1',
        ...parameters,
      };
      return `otpauth://pipush/alice?${Object.entries(all)
        .map(([key, value]) => `${key}=${encodeURIComponent(value)}`)
        .join('&')}`;
    },
    lastCall: (): Call => {
      const call = server.calls.at(-1);
      assert.ok(call, 'the phone sent nothing');
      return call;
    },
    reset: () => {
      server.calls.length = 0;
      server.says = behaves;
    },
    stop: () => {
      listener.closeAllConnections();
      return new Promise((gone) => listener.close(gone));
    },
  });
}

/** Whether a phone's signature fits, by the key that it sent at its rollout. */
export function signedBy(pubkey: string | KeyObject, words: string, signature: string | undefined): boolean {
  const key = typeof pubkey === 'string' ? createPublicKey({ key: Buffer.from(pubkey, 'base64'), format: 'der', type: 'spki' }) : pubkey;
  return verify('sha256', Buffer.from(words), key, fromB32(signature ?? ''));
}

async function readCall(request: IncomingMessage): Promise<Call> {
  const body = await text(request);
  const { pathname: path, searchParams } = new URL(request.url ?? '', 'http://any');
  const fields = Object.fromEntries(request.method === 'GET' ? searchParams : new URLSearchParams(body));
  return { method: request.method ?? '', path, headers: request.headers, body, fields };
}

function reply(response: ServerResponse, says: Says): void {
  if (says === 'stay silent') return;
  if (says === 'hang up') return void response.destroy();
  const { status = 200, body } = says;
  response.writeHead(status, { 'content-type': 'application/json' }).end(typeof body === 'string' ? body : JSON.stringify(body));
}
