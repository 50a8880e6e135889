import { randomBytes } from 'node:crypto';
import type { Devices } from '../devices.ts';
import type { Fake, FakeAnswer, FakeReply, FakeRequest } from '../exchange.ts';
import type { Fault } from '../fault.ts';
import { isRecord, recordOf } from '../jwt.ts';
import { readSend, refusedByDevice } from './fcm-message.ts';
import type { AccessTokens } from './fcm-token.ts';
import { type FcmCode, fcmCodes, googleError } from './google-error.ts';

/** The parts of the FCM fake. */
export type FcmOptions = { project: string; tokens: AccessTokens; devices: Devices; clock: () => number };

const sendPath = /^\/v1\/projects\/([^/]+)\/messages:send$/;

/**
 * FCM HTTP v1 and its OAuth endpoint: `POST /token` and `POST /v1/projects/{project}/messages:send`. A project other
 * than the service account's gets a 404 without an FcmError.
 * @see docs/protocols/delivery.md 2, 2.2
 */
export function openFcm(options: FcmOptions): Fake {
  return {
    name: 'fcm',
    aimOf: (request) => ({ endpoint: request.path === '/token' ? 'token' : 'send', address: addressIn(request) }),
    answer: (request) => (request.path === '/token' ? issue(options, request) : send(options, request)),
    failure: (fault, status, { path }) => (path === '/token' ? oauthFailure(status, fault) : sendFailure(status, fault)),
  };
}

function addressIn({ body, path }: FakeRequest): string | undefined {
  if (!sendPath.test(path)) return undefined;
  const message = recordOf(body)?.message;
  return isRecord(message) && typeof message.token === 'string' ? message.token : undefined;
}

function issue({ tokens }: FcmOptions, request: FakeRequest): FakeAnswer {
  const reply = tokens.issue(request);
  return { reply, what: reply.status === 200 ? 'access token' : String(recordOf(reply.body)?.error) };
}

function send({ project, tokens, devices, clock }: FcmOptions, request: FakeRequest): FakeAnswer {
  const [, asked] = sendPath.exec(request.path) ?? [];
  if (asked === undefined || request.method !== 'POST') return refuse({ status: 404, body: 'Error 404 (Not Found)!!1' }, 'no such path');
  const unproven = authorizationRefusal(tokens, request);
  if (unproven) return unproven;
  if (decodeURIComponent(asked) !== project) return refuse(googleError(404, 'Requested entity was not found.'), 'NOT_FOUND');
  const read = readSend(request.body);
  if ('refused' in read) return refuse(read.refused, read.what);
  const { message, validateOnly } = read;
  const address = message.token ?? message.topic ?? message.condition ?? '';
  const dead = refusedByDevice(devices.find(address), project);
  if (dead) return refuse(dead.refused, dead.what);
  const name = `projects/${project}/messages/${validateOnly ? 'fake_message_id' : `0:${clock() * 1000}%${randomBytes(8).toString('hex')}`}`;
  const reply = { status: 200, headers: { 'content-type': 'application/json; charset=UTF-8' }, body: JSON.stringify({ name }) };
  if (validateOnly) return { reply, what: 'validated' };
  return { reply, what: 'sent', taken: { address, id: name, headers: {}, payload: message } };
}

function authorizationRefusal(tokens: AccessTokens, { headers }: FakeRequest): FakeAnswer | undefined {
  const [, token] = /^Bearer (\S+)$/i.exec(headers.authorization ?? '') ?? [];
  const expected = 'Expected OAuth 2 access token, login cookie or other valid authentication credential.';
  const more = 'See https://developers.google.com/identity/sign-in/web/devconsole-project.';
  if (token === undefined) {
    const message = `Request is missing required authentication credential. ${expected} ${more}`;
    return refuse(googleError(401, message, { reason: 'CREDENTIALS_MISSING' }), 'UNAUTHENTICATED');
  }
  const verdict = tokens.check(token);
  if (verdict === 'good') return undefined;
  if (verdict === 'out-of-scope') {
    const message = 'Request had insufficient authentication scopes.';
    return refuse(googleError(403, message, { reason: 'ACCESS_TOKEN_SCOPE_INSUFFICIENT' }), 'PERMISSION_DENIED');
  }
  const reason = verdict === 'expired' ? 'ACCESS_TOKEN_EXPIRED' : 'ACCESS_TOKEN_TYPE_UNSUPPORTED';
  return refuse(googleError(401, `Request had invalid authentication credentials. ${expected} ${more}`, { reason }), 'UNAUTHENTICATED');
}

const refuse = (reply: FakeReply, what: string): FakeAnswer => ({ reply, what });

const usualCodes: Readonly<Record<number, FcmCode>> = {
  400: 'INVALID_ARGUMENT',
  403: 'SENDER_ID_MISMATCH',
  404: 'UNREGISTERED',
  429: 'QUOTA_EXCEEDED',
  500: 'INTERNAL',
  503: 'UNAVAILABLE',
};

/** A reason that is not a code of FCM is an error of Google's front end: without an FcmError. */
function sendFailure(status: number, { reason }: Fault): FakeReply {
  const fcm = reason === undefined ? usualCodes[status] : fcmCodes.find((code) => code === reason);
  const message = fcm === 'UNREGISTERED' ? 'Requested entity was not found.' : `The fake was told to fail with ${status}.`;
  return googleError(status, message, fcm === undefined ? {} : { fcm });
}

function oauthFailure(status: number, { reason = status < 500 ? 'invalid_grant' : 'internal_failure' }: Fault): FakeReply {
  const body = JSON.stringify({ error: reason, error_description: `The fake was told to fail with ${status}.` });
  return { status, headers: { 'content-type': 'application/json; charset=utf-8' }, body };
}
