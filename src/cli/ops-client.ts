import type { LoadedConfig } from '../config/index.ts';
import { parseJson, record } from '../foundation/model/index.ts';
import { openHttp, type WireError } from '../foundation/wire/index.ts';
import { adminToken, mountUrl } from './admin-token.ts';
import type { Failure } from './exit-codes.ts';
import { CommandFailed, type Terminal } from './terminal.ts';

/** Speaks to the operator's interface of the running gateway, as an administrator. */
export type OpsClient = {
  /** Sends JSON and returns the JSON reply; a refusal of the gateway becomes `CommandFailed` with its message. */
  call(
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    path: string,
    body?: unknown,
    deadlineMs?: number,
  ): Promise<Readonly<Record<string, unknown>>>;
  close(): Promise<void>;
};

/** Nothing listens where the gateway should: it does not run, or cannot be reached. */
export class NoAnswer extends CommandFailed {
  constructor(url: string, reason: WireError) {
    super(`the gateway at ${url} does not answer (${reason}). Start it with: npx pushgate serve`, 'unavailable');
  }
}

/** What a reply that is no success means: the gateway's own sentence, where there is one. */
export const refusalFrom = (url: string, message: unknown, failure: Failure = 'refused'): CommandFailed =>
  typeof message === 'string'
    ? new CommandFailed(`the gateway refuses: ${message}`, failure)
    : new CommandFailed(`what answers at ${url} is not a pushgate. Is another program listening there?`, 'unavailable');

/** What the statuses of the operator's interface mean for the exit code; any other is `refused`. */
const failures: Readonly<Record<number, Failure>> = { 400: 'usage', 500: 'failed', 503: 'unavailable' };

const usualDeadlineMs = 30_000;

/** Opens a client for the first `ops` mount of the configuration. */
export function openOpsClient(loaded: LoadedConfig, terminal: Terminal): OpsClient {
  const url = mountUrl(loaded, 'ops');
  const http = openHttp({});
  return {
    async call(method, path, body, deadlineMs = usualDeadlineMs) {
      const reply = await http.request({
        method,
        url: `${url}${path}`,
        headers: { authorization: `Bearer ${await adminToken(loaded, terminal)}`, 'content-type': 'application/json' },
        body: body === undefined ? undefined : JSON.stringify(body),
        signal: AbortSignal.timeout(deadlineMs),
      });
      if (!reply.ok) throw new NoAnswer(url, reply.error);
      const json = parseJson(reply.value.body);
      const { error, ...answer } = record(json);
      if (reply.value.status === 200 && typeof json === 'object') return answer;
      throw refusalFrom(url, record(error).message, failures[reply.value.status]);
    },
    close: () => http.close(),
  };
}

/** Opens a client for one piece of work, and closes it. */
export async function withOpsClient(
  loading: Promise<LoadedConfig>,
  terminal: Terminal,
  work: (client: OpsClient) => Promise<void>,
): Promise<void> {
  const client = openOpsClient(await loading, terminal);
  try {
    await work(client);
  } finally {
    await client.close();
  }
}
