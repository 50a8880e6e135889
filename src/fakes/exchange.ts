import type { FakeName, Fault } from './fault.ts';

/** A request as a fake sees it. Header names are lower case. */
export type FakeRequest = {
  method: string;
  /** Without the query. */
  path: string;
  /** The name and port by which it was called. */
  host: string;
  headers: Readonly<Record<string, string | undefined>>;
  /** Headers that came more than once. */
  duplicates: readonly string[];
  body: string;
  /** Its size in bytes. */
  size: number;
  /** How the client proved itself by TLS, where it showed a certificate. */
  certificate: { subject: string; trusted: boolean } | undefined;
};

/** What goes back. `reason` is the phrase of an HTTP/1.1 status line. */
export type FakeReply = { status: number; reason?: string; headers?: Readonly<Record<string, string>>; body: string };

/** A message that was taken over: `id` is what the service calls it, `headers` those that say something about it, `payload` what it carries. */
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

/** What a fake makes of a request: its reply, why in one word, and the message, if it took one over. */
export type FakeAnswer = { reply: FakeReply; what: string; taken?: Pick<Delivery, 'address' | 'id' | 'headers' | 'payload'> };

/** One push service. It answers at once; what goes wrong on the way is the server's business. */
export type Fake = {
  name: FakeName;
  /** Whom a request is for, before any rule is looked at. */
  aimOf(request: FakeRequest): { endpoint: 'send' | 'token'; address: string | undefined };
  answer(request: FakeRequest): FakeAnswer;
  /** A fault in the service's own words. */
  failure(fault: Fault, status: number, request: FakeRequest): FakeReply;
};

/** What happened to one request. `status` is missing where nothing was answered. */
export type Exchange = {
  fake: FakeName;
  at: number;
  outcome: 'taken' | 'refused' | 'fault' | 'answered';
  what: string;
  status?: number;
  address?: string;
};

/** A reply in JSON. */
export const json = (status: number, value: unknown, headers: Record<string, string> = {}): FakeReply => ({
  status,
  headers: { 'content-type': 'application/json; charset=UTF-8', ...headers },
  body: JSON.stringify(value),
});
