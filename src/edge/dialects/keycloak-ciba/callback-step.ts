import { parseJson, type Result, record } from '../../../foundation/model/index.ts';
import type { HttpReply, OnceError } from '../../../foundation/wire/index.ts';

/** What Keycloak is told. Only an approval must not arrive twice. */
export type CallbackStatus = 'SUCCEED' | 'CANCELLED' | 'UNAUTHORIZED';

/**
 * What follows one try of a callback. `delivered`: Keycloak has it. `again`: safe to repeat, after so long. `lost`:
 * Keycloak does not have it, and repeating is of no use. `unknown`: Keycloak may have it, and a second approval would
 * undo the first.
 */
export type CallbackStep =
  | { kind: 'delivered' }
  | { kind: 'again'; afterMs: number; reason: string }
  | { kind: 'lost' | 'unknown'; reason: string };

/**
 * One try of a callback: the reply, or why none came. `age`: ms since the request was accepted; `left`: ms until the
 * token ends; `tries`: how often it was tried, with this one.
 */
export type CallbackTry = {
  status: CallbackStatus;
  reply: Result<Pick<HttpReply, 'status' | 'body'>, OnceError>;
  age: number;
  left: number;
  tries: number;
};

/** Keycloak stores a request shortly after it has read our 201; until then it replies 403. */
const unstoredMs = 2000;
const unstoredRetryMs = 1000;
const longestGapMs = 10_000;

/** Keycloak stored the result; only its ping to the client failed. */
const pingFailures = ['Failed to send request to client notification endpoint', 'Client notification endpoint not set'];

/**
 * Decides what follows one try. Pure.
 * @see docs/protocols/keycloak-ciba.md 5
 */
export function stepAfter({ status, reply, age, left, tries }: CallbackTry): CallbackStep {
  const again = (reason: string): CallbackStep => {
    const afterMs = Math.min(longestGapMs, 1000 * 2 ** (tries - 1));
    return afterMs < left ? { kind: 'again', afterMs, reason } : { kind: 'lost', reason };
  };
  const uncertain = (reason: string): CallbackStep => (status === 'SUCCEED' ? { kind: 'unknown', reason } : again(reason));
  if (!reply.ok) return reply.error.sent ? uncertain(reply.error.error) : again(reply.error.error);
  const { status: code, body } = reply.value;
  const reason = String(code);
  if (code === 200 || (code === 400 && isPingFailure(body))) return { kind: 'delivered' };
  if (code === 403 && age < unstoredMs) return { kind: 'again', afterMs: unstoredRetryMs, reason };
  // A refusal or a redirect: Keycloak has read the callback and stored nothing.
  return code >= 300 && code < 500 ? { kind: 'lost', reason } : uncertain(reason);
}

function isPingFailure(body: string): boolean {
  const { error, error_description: description } = record(parseJson(body));
  return error === 'invalid_request' && typeof description === 'string' && pingFailures.some((each) => description.startsWith(each));
}
