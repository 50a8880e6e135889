import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import Koa, { type Context } from 'koa';

/** What a request brings, as bytes that came over the wire: header values and target are one character per byte. */
export type FakeRequest = { method?: string; target?: string; headers?: Record<string, string>; body?: Buffer; from?: string };

const app = new Koa();

/** A request that came by no connection, as handlers get it. */
export function fakeRequest({
  method = 'POST',
  target = '/',
  headers = {},
  body = Buffer.alloc(0),
  from = '127.0.0.1',
}: FakeRequest): Context {
  const socket = new Socket();
  Object.defineProperty(socket, 'remoteAddress', { value: from });
  const request = new IncomingMessage(socket);
  Object.assign(request, {
    method,
    url: target,
    headers: { ...headers, ...(body.length > 0 ? { 'content-length': String(body.length) } : {}) },
  });
  request.push(body);
  request.push(null);
  return app.createContext(request, new ServerResponse(request));
}

/** What a header can hold on the wire; Node refuses the rest before anybody sees it. */
export const headerText = (bytes: Buffer): string =>
  bytes
    .toString('latin1')
    .replace(/[^\t\x20-\x7e\x80-\xff]/g, '')
    .trim();

/** A target that Node hands on: in origin form as a rule, in absolute form, or `*`. */
export function targetText(bytes: Buffer): string {
  const text = bytes.toString('latin1').replace(/[^\x21-\x7e\x80-\xff]/g, '');
  return /^(?:\/|\*$|https?:\/\/)/.test(text) ? text : `/${text}`;
}
