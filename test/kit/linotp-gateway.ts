import assert from 'node:assert/strict';
import { randomBytes, randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { checkConfig } from '../../src/config/index.ts';
import { answerForm, type LinotpRequest, openChallenge } from '../../src/virtual-phone/linotp/challenge.ts';
import { pairingResponse, readPairingUrl } from '../../src/virtual-phone/linotp/pairing.ts';
import type { LinotpToken } from '../../src/virtual-phone/linotp/token.ts';
import { configText, type GatewayWishes, type GivenGateway, givenGateway } from './gateway.ts';
import type { Cleanup } from './temporary.ts';

/** A push that the push service received. */
export type Pushed = { transactionId: string; gda: string; challenge: string };

/** A reply of LinOTP's dialect; `json` is empty for a text. */
export type LinotpReply = {
  status: number;
  type: string;
  text: string;
  headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into whatever the wire brought
  json: { id?: number; result?: any; detail?: any };
};

/** A gateway with a LinOTP mount, and the push service that it sends to. */
export type LinotpGateway = GivenGateway & {
  /** All pushes that the push service received, oldest first. */
  pushed: Pushed[];
  /** Sets the push service's reply from now on; an unreachable one hangs up. */
  pushService(status: number | 'unreachable'): void;
  post(path: string, form?: Record<string, string>, headers?: Record<string, string>): Promise<LinotpReply>;
  /** The same with an administrator's session. */
  postAsAdmin(path: string, form?: Record<string, string>): Promise<LinotpReply>;
  /** Replaces all policies, if the new ones are valid. */
  reload(policies: readonly Record<string, unknown>[]): Promise<'reloaded' | 'refused'>;
  /** Replaces the policies, but keeps those that push tokens need. */
  rules(...policies: readonly Record<string, unknown>[]): Promise<void>;
  /** An offered push token of a user; its phone has not paired. */
  offered(user: string, form?: Record<string, string>): Promise<LinotpPhone>;
  /** The same, paired and activated. */
  active(user: string, form?: Record<string, string>): Promise<LinotpPhone>;
};

/** A LinOTP phone that does as the test says, with the last challenge that the push service received for it. */
export type LinotpPhone = {
  readonly serial: string;
  /** The device address that it sends. */
  readonly gda: string;
  pair(over?: Partial<LinotpToken>): Promise<LinotpReply>;
  /** Opens the challenge with this number, else the newest one for its address. */
  read(transactionId?: string): LinotpRequest;
  answer(word: 'ACCEPT' | 'DENY', transactionId?: string): Promise<LinotpReply>;
};

/** Rules that allow enrolling and asking push tokens. */
export const linotpRules = {
  name: 'callbacks',
  actions: {
    pushtoken_pairing_callback_url: 'https://push.example.test/validate/pair',
    pushtoken_challenge_callback_url: 'https://push.example.test/validate/accept_transaction',
  },
};

/** Starts both; `undo` stops them. */
export async function givenLinotpGateway(undo: Cleanup, wishes: GatewayWishes = {}): Promise<LinotpGateway> {
  const service = await pushService(undo);
  const mounts = [
    { path: '/linotp', serves: 'linotp' },
    { path: '/', serves: 'privacyidea', publicPoll: true },
  ];
  const providers = [
    { name: 'cs', kind: 'challenge-service', default: true, config: { push_url: service.url } },
    { name: 'poll', kind: 'poll-only', config: {} },
  ];
  const settings = { PushChallengeValidityTime: 150, ...wishes.settings };
  const all = { mounts, ...wishes, settings, policies: [...(wishes.policies ?? []), linotpRules], more: { providers, ...wishes.more } };
  const given = await givenGateway(undo, all);
  const calls = callsOf(given.gateway.urls[0] ?? '');
  const session = await calls.login(given.gateway.firstPassword ?? '');
  const postAsAdmin: LinotpGateway['postAsAdmin'] = (path, form) => calls.post(path, form, session);
  const offered: LinotpGateway['offered'] = async (user, form = {}) => {
    const { json, text } = await postAsAdmin('/admin/init', { type: 'push', user, pin: '1234', ...form });
    assert.equal(json.result?.value, true, text);
    return phoneOf(json.detail.pairing_url, calls.post, service.pushed);
  };
  const reload: LinotpGateway['reload'] = async (policies) => {
    const text = configText({ ...all, policies: policies as NonNullable<GatewayWishes['policies']> });
    return given.gateway.reload(checkConfig(text, join(given.folder, 'config.json'), wishes.environment ?? {}));
  };
  return {
    ...given,
    ...service,
    post: calls.post,
    postAsAdmin,
    offered,
    reload,
    rules: async (...policies) => assert.equal(await reload([...policies, linotpRules]), 'reloaded'),
    async active(user, form = {}) {
      const phone = await offered(user, form);
      assert.equal((await phone.pair()).json.result.status, true);
      const asked = await calls.post('/validate/check_s', { serial: phone.serial, pass: form.pin ?? '1234', data: '' });
      assert.ok(asked.json.detail, asked.text);
      assert.equal((await phone.answer('ACCEPT')).json.result.value, true);
      return phone;
    },
  };
}

async function pushService(undo: Cleanup): Promise<Pick<LinotpGateway, 'pushed' | 'pushService'> & { url: string }> {
  const pushed: Pushed[] = [];
  let status: number | 'unreachable' = 200;
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    if (request.method !== 'POST') return response.writeHead(405).end();
    pushed.push(JSON.parse(Buffer.concat(chunks).toString()).challenge);
    return status === 'unreachable' ? request.socket.destroy() : response.writeHead(status).end('ok');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  undo.later(() => server.close());
  const address = server.address();
  assert.ok(typeof address === 'object' && address);
  return {
    pushed,
    url: `http://127.0.0.1:${address.port}/v1/challenge`,
    pushService(next) {
      status = next;
    },
  };
}

function callsOf(url: string) {
  const post: LinotpGateway['post'] = async (path, form = {}, headers = {}) => {
    const reply = await fetch(`${url}/linotp${path}`, { method: 'POST', body: new URLSearchParams(form), headers });
    const text = await reply.text();
    const type = reply.headers.get('content-type') ?? '';
    return { status: reply.status, type, text, headers: reply.headers, json: type.includes('json') ? JSON.parse(text) : {} };
  };
  return {
    post,
    async login(password: string): Promise<Record<string, string>> {
      const { headers, text } = await post('/admin/login', { username: 'admin', password });
      const cookies = headers.getSetCookie().map((cookie) => cookie.split(';')[0] ?? '');
      const csrf = cookies.find((cookie) => cookie.startsWith('csrf_access_token='))?.split('=')[1];
      assert.ok(csrf, text);
      return { cookie: cookies.join('; '), 'x-csrf-token': csrf };
    },
  };
}

function phoneOf(uri: string, post: LinotpGateway['post'], pushed: readonly Pushed[]): LinotpPhone {
  const offer = readPairingUrl(uri);
  assert.ok(offer.ok, offer.ok ? '' : offer.reason);
  const keys = {
    tokenId: randomInt(1_000_000),
    seed: randomBytes(32).toString('base64'),
    gda: `gda-${randomBytes(4).toString('hex')}`,
    login: '',
  };
  const token: LinotpToken = { ...offer.value, ...keys, scannedAt: 0, state: 'scanned', answered: [] };
  const read = (transactionId?: string): LinotpRequest => {
    const mine = pushed.filter((push) => push.gda === token.gda && (transactionId === undefined || push.transactionId === transactionId));
    const opened = openChallenge(mine.at(-1)?.challenge ?? '', [token]);
    assert.ok(opened.ok, opened.ok ? '' : opened.reason);
    return opened.value;
  };
  return {
    serial: token.serial,
    get gda() {
      return token.gda;
    },
    read,
    async pair(over = {}) {
      if (over.gda !== undefined) token.gda = over.gda;
      return post('/validate/pair', { pairing_response: pairingResponse({ ...token, ...over }, randomBytes(32)) });
    },
    answer: (word, transactionId) =>
      post(`/validate/${word === 'ACCEPT' ? 'accept' : 'reject'}_transaction`, answerForm(token, read(transactionId), word)),
  };
}
