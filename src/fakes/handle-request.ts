import { constants, type Http2ServerRequest, type Http2ServerResponse, type Http2Session } from 'node:http2';
import type { Delivery, Exchange, Fake, FakeReply, FakeRequest } from './exchange.ts';
import type { Fault } from './fault.ts';
import type { Faults } from './faults.ts';
import { isGone, pause, writeReply } from './reply.ts';
import { readRequest } from './request.ts';

/** Faults, and callbacks for requests and messages. */
export type HandlingOptions = {
  /** A new connection allows one stream until a request has succeeded. */
  firstStreamAlone?: boolean;
  faults: Faults;
  clock: () => number;
  onExchange(exchange: Exchange): void;
  onDelivery(delivery: Delivery): void;
};

type Place = { fake: Fake; options: HandlingOptions; url: string };
type Handled = Place & { request: Http2ServerRequest; response: Http2ServerResponse; read: FakeRequest; address: string | undefined };

/** Reads one request, lets the fake answer it, and applies a fault to the reply. */
export async function handleRequest(place: Place, request: Http2ServerRequest, response: Http2ServerResponse): Promise<void> {
  const read = await readRequest(request);
  if (!read) return void request.socket.destroy();
  const { endpoint, address } = place.fake.aimOf(read);
  const fault = place.options.faults.take({ fake: place.fake.name, endpoint, address });
  const handled = { ...place, request, response, read, address };
  if (fault && isLost(fault)) {
    await pause(fault.delayMs);
    return injectFault(handled, fault);
  }
  // A merely slow request is accepted: its message exists before the reply.
  const reply = answer(handled);
  await pause(fault?.delayMs);
  await send(handled, reply, fault);
}

/** Whether the fake does not see the request at all. */
const isLost = ({ status, hang, reset, goaway }: Fault): boolean => Boolean(status || hang || reset || goaway);

function answer(handled: Handled): FakeReply {
  const { fake, options, url, read } = handled;
  const { reply, taken, what } = fake.answer(read);
  record(handled, { outcome: taken ? 'taken' : reply.status < 400 ? 'answered' : 'refused', what, status: reply.status });
  if (taken) options.onDelivery({ fake: fake.name, at: options.clock(), url, ...taken });
  return reply;
}

async function send({ options, request, response }: Handled, reply: FakeReply, fault: Fault | undefined): Promise<void> {
  if (options.firstStreamAlone && reply.status === 200 && !isGone(response)) allowStreams(request.stream?.session);
  await writeReply(response, reply, { slowBody: fault?.slowBody });
}

const opened = new WeakSet<Http2Session>();

/** Allows more streams, once: a session limits the number of unconfirmed changes of its settings. */
function allowStreams(session: Http2Session | undefined): void {
  if (!session || opened.has(session)) return;
  opened.add(session);
  session.settings({ maxConcurrentStreams: 1000 });
}

async function injectFault(handled: Handled, fault: Fault): Promise<void> {
  const { fake, read, request, response } = handled;
  const { status, retryAfter } = fault;
  if (status) {
    record(handled, { outcome: 'fault', what: fault.reason ?? `HTTP ${status}`, status });
    const failure = fake.failure(fault, status, read);
    const headers = { ...failure.headers, ...(retryAfter !== undefined && { 'retry-after': String(retryAfter) }) };
    return send(handled, { ...failure, headers }, fault);
  }
  record(handled, { outcome: 'fault', what: fault.hang ? 'hang' : fault.reset ? 'reset' : 'goaway' });
  if (fault.reset) request.socket.destroy();
  if (fault.goaway && !isGone(response)) await goAway(handled);
}

async function goAway(handled: Handled): Promise<void> {
  const { request, response } = handled;
  if (request.httpVersionMajor === 1) {
    response.setHeader('connection', 'close');
    return send(handled, answer(handled), undefined);
  }
  const { stream } = request;
  const { session, id = 1 } = stream;
  // The last processed stream is the one before, so the client may resend this one elsewhere.
  session?.goaway(0, Math.max(0, id - 2), Buffer.from('{"reason":"Shutdown"}'));
  // A GOAWAY cannot say that even the first stream was not processed.
  stream.close(constants.NGHTTP2_REFUSED_STREAM);
  session?.close();
}

function record({ fake, options, address }: Handled, said: Pick<Exchange, 'outcome' | 'what' | 'status'>): void {
  options.onExchange({ fake: fake.name, at: options.clock(), ...said, ...(address !== undefined && { address }) });
}
