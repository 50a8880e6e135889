/** A reply of the privacyIDEA dialect: HTTP status, headers and parsed body. */
export type PiReply = {
  status: number;
  headers: Headers;
  text: string;
  body: {
    id: number;
    jsonrpc: string;
    // biome-ignore lint/suspicious/noExplicitAny: a test looks into whatever the wire brought
    result: { status: boolean; value?: any; authentication?: string; error?: { code: number; message: string } };
    // biome-ignore lint/suspicious/noExplicitAny: a test looks into whatever the wire brought
    detail?: any;
    version: string;
    versionnumber?: string;
    time: number;
    nonce?: string;
  };
};

/**
 * A client of the privacyIDEA dialect, as simple as a plug-in. `post` and `get` encode once, as a form and as a query.
 */
export type PiClient = {
  readonly url: string;
  post(path: string, form: Record<string, string>, headers?: Record<string, string>): Promise<PiReply>;
  get(path: string, query?: Record<string, string>, headers?: Record<string, string>): Promise<PiReply>;
  send(path: string, init: RequestInit): Promise<PiReply>;
  /** Logs in as an administrator and returns the header with the token. */
  login(username: string, password: string): Promise<Record<string, string>>;
};

/** Opens a client for the mount at `url`. */
export function piClient(url: string): PiClient {
  const send = async (path: string, init: RequestInit): Promise<PiReply> => {
    const reply = await fetch(`${url}${path}`, init);
    const text = await reply.text();
    return { status: reply.status, headers: reply.headers, text, body: JSON.parse(text) };
  };
  const post: PiClient['post'] = (path, form, headers = {}) => send(path, { method: 'POST', body: new URLSearchParams(form), headers });
  return {
    url,
    send,
    post,
    get: (path, query = {}, headers = {}) => send(`${path}?${new URLSearchParams(query)}`, { headers }),
    async login(username, password) {
      const reply = await post('/auth', { username, password });
      return { authorization: reply.body.result.value.token };
    },
  };
}
