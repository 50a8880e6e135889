import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseJson, record } from '../foundation/model/index.ts';
import { type Http, openHttp } from '../foundation/wire/index.ts';
import type { GatewayAddress } from './gateway-address.ts';
import { NoAnswer, refusalFrom } from './ops-client.ts';
import { CommandFailed } from './terminal.ts';

/** The fields of a reply of the privacyIDEA dialect that commands use. */
export type PiAnswer = { value: unknown; authentication: string | undefined; detail: Readonly<Record<string, unknown>> };

/** Calls the privacyIDEA mount of a running gateway. */
export type GatewayClient = {
  readonly url: string;
  /**
   * Sends a form (a query for GET) and returns the reply. Throws `CommandFailed` with the gateway's message for a
   * refusal.
   */
  call(method: 'GET' | 'POST' | 'DELETE', path: string, fields?: Readonly<Record<string, string>>): Promise<PiAnswer>;
  /** The same as an administrator. */
  callAsAdmin(method: 'GET' | 'POST' | 'DELETE', path: string, fields?: Readonly<Record<string, string>>): Promise<PiAnswer>;
  close(): Promise<void>;
};

const deadlineMs = 30_000;

/** Opens a client for the privacyIDEA mount of a gateway, or for its eduMFA mount. */
export function openGatewayClient(address: GatewayAddress, flavour?: 'edumfa'): GatewayClient {
  const url = address.urlOf('privacyidea', flavour);
  const http = openHttp({});
  const call = async (
    method: 'GET' | 'POST' | 'DELETE',
    path: string,
    fields: Readonly<Record<string, string>> = {},
    headers: Record<string, string> = {},
  ) => {
    const reply = await send(http, url, { method, path, fields, headers });
    if (!reply.ok) throw new NoAnswer(url, reply.error, address.whenSilent);
    return readAnswer(reply.value.body, url);
  };
  return {
    url,
    call,
    async callAsAdmin(method, path, fields) {
      return call(method, path, fields, { authorization: await address.token() });
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

function send(http: Http, url: string, { method, path, fields, headers }: Request): ReturnType<Http['request']> {
  const form = new URLSearchParams({ ...fields }).toString();
  const isPost = method === 'POST';
  return http.request({
    method,
    url: `${url}${path}${isPost || form === '' ? '' : `?${form}`}`,
    // The user agent says that values are encoded once: privacyIDEA and eduMFA then decode them only once.
    headers: {
      'user-agent': 'simpleSAMLphp/1.0 pushgate',
      ...(isPost ? { 'content-type': 'application/x-www-form-urlencoded' } : {}),
      ...headers,
    },
    body: isPost ? form : undefined,
    signal: AbortSignal.timeout(deadlineMs),
  });
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
  throw refusalFrom(url, 'privacyidea', record(result.error).message);
}

/** Reads a picture or another file that the user named. */
export function readUserFile(path: string): Buffer {
  try {
    return readFileSync(resolve(path));
  } catch {
    throw new CommandFailed(`cannot read ${path}. Name an existing file.`);
  }
}
