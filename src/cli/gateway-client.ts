import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { LoadedConfig } from '../config/index.ts';
import { parseJson, record } from '../foundation/model/index.ts';
import { type Http, openHttp } from '../foundation/wire/index.ts';
import { adminToken, mountUrl } from './admin-token.ts';
import { NoAnswer, refusalFrom } from './ops-client.ts';
import { CommandFailed, type Terminal } from './terminal.ts';

/** A reply of the privacyIDEA dialect, as far as the commands look into it. */
export type PiAnswer = { value: unknown; authentication: string | undefined; detail: Readonly<Record<string, unknown>> };

/** Speaks to the running gateway of a configuration. */
export type GatewayClient = {
  readonly url: string;
  /** Sends a form (or a query for GET) and returns the reply; a refusal of the gateway becomes `CommandFailed` with its message. */
  call(method: 'GET' | 'POST' | 'DELETE', path: string, fields?: Readonly<Record<string, string>>): Promise<PiAnswer>;
  /** The same as an administrator: whoever can read the keyring may be one. */
  callAsAdmin(method: 'GET' | 'POST' | 'DELETE', path: string, fields?: Readonly<Record<string, string>>): Promise<PiAnswer>;
  close(): Promise<void>;
};

const deadlineMs = 30_000;

/** Opens a client for the first privacyIDEA mount of the configuration, or for the first one of eduMFA. */
export function openGatewayClient(loaded: LoadedConfig, terminal: Terminal, flavour?: 'edumfa'): GatewayClient {
  const url = mountUrl(loaded, 'privacyidea', flavour);
  const http = openHttp({});
  const call = async (
    method: 'GET' | 'POST' | 'DELETE',
    path: string,
    fields: Readonly<Record<string, string>> = {},
    headers: Record<string, string> = {},
  ) => send(http, url, { method, path, fields, headers });
  return {
    url,
    call,
    async callAsAdmin(method, path, fields) {
      return call(method, path, fields, { authorization: await adminToken(loaded, terminal) });
    },
    close: () => http.close(),
  };
}

type Request = {
  method: 'GET' | 'POST' | 'DELETE';
  path: string;
  fields: Readonly<Record<string, string>>;
  headers: Record<string, string>;
};

async function send(http: Http, url: string, { method, path, fields, headers }: Request): Promise<PiAnswer> {
  const form = new URLSearchParams({ ...fields }).toString();
  const isPost = method === 'POST';
  const reply = await http.request({
    method,
    url: `${url}${path}${isPost || form === '' ? '' : `?${form}`}`,
    // The name says that values are encoded once: privacyIDEA and eduMFA do not decode this client's a second time.
    headers: {
      'user-agent': 'simpleSAMLphp/1.0 pushgate',
      ...(isPost ? { 'content-type': 'application/x-www-form-urlencoded' } : {}),
      ...headers,
    },
    body: isPost ? form : undefined,
    signal: AbortSignal.timeout(deadlineMs),
  });
  if (!reply.ok) throw new NoAnswer(url, reply.error);
  return readAnswer(reply.value.body, url);
}

function readAnswer(body: string, url: string): PiAnswer {
  const parsed = record(parseJson(body));
  const result = record(parsed.result);
  if (result.status === true) {
    const { authentication } = result;
    return {
      value: result.value,
      authentication: typeof authentication === 'string' ? authentication : undefined,
      detail: record(parsed.detail),
    };
  }
  throw refusalFrom(url, record(result.error).message);
}

/** Reads a picture or another file that the user named. */
export function readUserFile(path: string): Buffer {
  try {
    return readFileSync(resolve(path));
  } catch {
    throw new CommandFailed(`cannot read ${path}. Name an existing file.`);
  }
}
