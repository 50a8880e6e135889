import type { FakeName, Fault } from './fault.ts';

/** A request to a fake. Header names are lower case. */
export type FakeRequest = {
  method: string;
  /** Without the query. */
  path: string;
  /** The host name and port of the request. */
  host: string;
  headers: Readonly<Record<string, string | undefined>>;
  /** Headers that came more than once. */
  duplicates: readonly string[];
  body: string;
  /** The body's size in bytes. */
  size: number;
  /** The client certificate, if one was shown. */
  certificate: { subject: string; trusted: boolean } | undefined;
};

/** A reply. `reason` is the reason phrase of HTTP/1.1. */
export type FakeReply = { status: number; reason?: string; headers?: Readonly<Record<string, string>>; body: string };

/** An accepted message: `id` is the service's, `headers` are those of the message, `payload` is its content. */
export type Delivery = {
  fake: FakeName;
  /** Epoch ms. */
  at: number;
  /** The URL of the instance that took it. */
  url: string;
  address: string;
  id: string;
  headers: Readonly<Record<string, string>>;
  payload: unknown;
};

/** A fake's answer: its reply, the result in one word, and the accepted message, if any. */
export type FakeAnswer = { reply: FakeReply; what: string; taken?: Pick<Delivery, 'address' | 'id' | 'headers' | 'payload'> };

/** One push service. It answers at once; the server applies faults. */
export type Fake = {
  name: FakeName;
  /** The endpoint and device address of a request, before any check. */
  aimOf(request: FakeRequest): { endpoint: 'send' | 'token'; address: string | undefined };
  answer(request: FakeRequest): FakeAnswer;
  /** A fault in the service's own format. */
  failure(fault: Fault, status: number, request: FakeRequest): FakeReply;
};

/** The record of one request. `status` is missing when there was no reply. */
export type Exchange = {
  fake: FakeName;
  at: number;
  outcome: 'taken' | 'refused' | 'fault' | 'answered';
  what: string;
  status?: number;
  address?: string;
};

/** A JSON reply. */
export const json = (status: number, value: unknown, headers: Record<string, string> = {}): FakeReply => ({
  status,
  headers: { 'content-type': 'application/json; charset=UTF-8', ...headers },
  body: JSON.stringify(value),
});
