import { parseJson, record } from '../foundation/model/index.ts';
import { openHttp, type WireError } from '../foundation/wire/index.ts';
import type { Failure } from './exit-codes.ts';
import type { GatewayAddress } from './gateway-address.ts';
import { CommandFailed } from './terminal.ts';

/** Calls the operator interface of the running gateway as an administrator. */
export type OpsClient = {
  /** Sends JSON and returns the JSON reply. Throws `CommandFailed` with the gateway's message for a refusal. */
  call(
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    path: string,
    body?: unknown,
    deadlineMs?: number,
  ): Promise<Readonly<Record<string, unknown>>>;
  close(): Promise<void>;
};

const ownCa = 'Does its certificate come from a CA of your own? Then name the file of that CA in NODE_EXTRA_CA_CERTS.';

/** No gateway listens at the address: it is not running, or cannot be reached. */
export class NoAnswer extends CommandFailed {
  constructor(url: string, reason: WireError, whenSilent: string) {
    super(`the gateway at ${url} does not answer (${reason}). ${reason === 'tls' ? ownCa : whenSilent}`, 'unavailable');
  }
}

/**
 * The error for an unsuccessful reply, with the gateway's own sentence if it has one. `serves` is the dialect that the
 * mount must serve.
 */
export const refusalFrom = (url: string, serves: 'ops' | 'privacyidea', message: unknown, failure: Failure = 'refused'): CommandFailed =>
  typeof message === 'string'
    ? new CommandFailed(`the gateway refuses: ${message}`, failure)
    : new CommandFailed(`what answers at ${url} is not a pushgate. Is it the URL of a mount that serves ${serves}?`, 'unavailable');

/** Exit codes for statuses of the operator interface; any other status is `refused`. */
const failures: Readonly<Record<number, Failure>> = { 400: 'usage', 500: 'failed', 503: 'unavailable' };

/** A login has no token yet. */
const isLogin = (method: string, path: string): boolean => method === 'POST' && path === '/ops/auth';

const usualDeadlineMs = 30_000;

/** Opens a client for the operator interface of a gateway. */
export function openOpsClient(address: GatewayAddress): OpsClient {
  const url = address.urlOf('ops');
  const http = openHttp({});
  return {
    async call(method, path, body, deadlineMs = usualDeadlineMs) {
      const reply = await http.request({
        method,
        url: `${url}${path}`,
        headers: {
          ...(isLogin(method, path) ? {} : { authorization: `Bearer ${await address.token()}` }),
          'content-type': 'application/json',
        },
        body: body === undefined ? undefined : JSON.stringify(body),
        signal: AbortSignal.timeout(deadlineMs),
      });
      if (!reply.ok) throw new NoAnswer(url, reply.error, address.whenSilent);
      const json = parseJson(reply.value.body);
      const { error, ...answer } = record(json);
      // A page of another server is refused, whatever its status.
      if (reply.value.status === 200 && typeof json === 'object') return answer;
      throw refusalFrom(url, 'ops', record(error).message, failures[reply.value.status]);
    },
    close: () => http.close(),
  };
}

/** Opens a client, runs `work`, and closes it. */
export async function withOpsClient<T>(
  address: GatewayAddress | Promise<GatewayAddress>,
  work: (client: OpsClient) => Promise<T>,
): Promise<T> {
  const client = openOpsClient(await address);
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}

/** A path with a query of these values; undefined values are left out. */
export function withQuery(path: string, values: Readonly<Record<string, string | undefined>>): string {
  const asked = Object.entries(values).flatMap(([name, value]): [string, string][] => (value === undefined ? [] : [[name, value]]));
  return asked.length === 0 ? path : `${path}?${new URLSearchParams(asked).toString()}`;
}
