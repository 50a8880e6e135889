import { type Clock, GatewayFault, parseJson, record, version } from '../../../foundation/model/index.ts';
import { type Http, openHttp } from '../../../foundation/wire/index.ts';
import type { OutboxTarget, Sent } from '../target.ts';
import type { WebHook } from './config.ts';
import { type HookKey, hookSignature, readHookKey } from './signature.ts';

/** The name of a web hook's target in the outbox. */
export const hookTarget = (name: string): string => `hook:${name}`;

/** The targets of web hooks by name, and how to close their connections. */
export type WebHookTargets = { targets: Record<string, OutboxTarget>; close(): Promise<void> };

/** Opens the targets of web hooks. Throws `config-invalid` for a key that cannot be read. */
export function openWebHooks(hooks: readonly WebHook[], clock: Clock): WebHookTargets {
  const opened = hooks.map((hook) => {
    const http = hook.allowPrivate ? openHttp({}) : openHttp({ publicTargetsOnly: true });
    return { name: hookTarget(hook.name), http, target: webHookTarget(hook, http, clock) };
  });
  return {
    targets: Object.fromEntries(opened.map(({ name, target }) => [name, target])),
    async close() {
      await Promise.all(opened.map(({ http }) => http.close()));
    },
  };
}

const gone = 410;
const slowDown: readonly number[] = [429, 503];
const longestPauseSeconds = 3600;

function webHookTarget({ url, secret }: WebHook, http: Pick<Http<'forbidden'>, 'request'>, clock: Clock): OutboxTarget {
  const keys = secret.map((key): HookKey => {
    const read = readHookKey(key.reveal());
    if (!read.ok) throw new GatewayFault('config-invalid', `The secret of a web hook ${read.error}.`);
    return read.value;
  });
  return {
    async send({ payload }, signal) {
      const { id, body } = hookPayload(payload);
      const timestamp = Math.floor(clock() / 1000);
      const reply = await http.request({
        method: 'POST',
        url,
        headers: {
          'content-type': 'application/json',
          'user-agent': `pushgate/${version}`,
          'webhook-id': id,
          'webhook-timestamp': String(timestamp),
          'webhook-signature': hookSignature(keys, { id, timestamp, body }),
        },
        body,
        signal,
      });
      return reply.ok ? sentBy(reply.value) : { kind: 'again', error: reply.error };
    },
  };
}

/** The payload of a message to a web hook. */
export const hookPayloadText = (id: string, body: string): string => JSON.stringify({ id, body });

function hookPayload(payload: string): { id: string; body: string } {
  const { id, body } = record(parseJson(payload));
  return { id: String(id), body: String(body) };
}

/** Any 2xx takes the event; 410 refuses this and says that the receiver is gone. A redirect is not followed. */
function sentBy({ status, headers }: { status: number; headers: Record<string, string> }): Sent {
  if (status >= 200 && status < 300) return { kind: 'done' };
  if (status === gone) return { kind: 'never', error: String(status) };
  const pause = Number(headers['retry-after']);
  const isAsked = slowDown.includes(status) && Number.isInteger(pause) && pause > 0 && pause <= longestPauseSeconds;
  return { kind: 'again', error: String(status), ...(isAsked ? { afterMs: pause * 1000 } : {}) };
}
