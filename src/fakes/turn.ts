import { constants, type Http2ServerRequest, type Http2ServerResponse, type Http2Session } from 'node:http2';
import type { Delivery, Exchange, Fake, FakeReply, FakeRequest } from './exchange.ts';
import type { Fault } from './fault.ts';
import type { Faults } from './faults.ts';
import { isGone, pause, writeReply } from './reply.ts';
import { readRequest } from './request.ts';

/** What goes wrong, and who hears of what happened. */
export type TurnOptions = {
  /** Until one request was answered well, a connection has one stream only. */
  firstStreamAlone?: boolean;
  faults: Faults;
  clock: () => number;
  onExchange(exchange: Exchange): void;
  onDelivery(delivery: Delivery): void;
};

type Place = { fake: Fake; options: TurnOptions; url: string };
type Turn = Place & { request: Http2ServerRequest; response: Http2ServerResponse; read: FakeRequest; address: string | undefined };

/** Reads one request, lets the fake answer it, and does to the answer what a fault says. */
export async function takeTurn(place: Place, request: Http2ServerRequest, response: Http2ServerResponse): Promise<void> {
  const read = await readRequest(request);
  if (!read) return void request.socket.destroy();
  const { endpoint, address } = place.fake.aimOf(read);
  const fault = place.options.faults.take({ fake: place.fake.name, endpoint, address });
  const turn = { ...place, request, response, read, address };
  if (fault && isLost(fault)) {
    await pause(fault.delayMs);
    return breakDown(turn, fault);
  }
  // What is only slow was taken over all the same: the message is there before the answer is.
  const reply = answer(turn);
  await pause(fault?.delayMs);
  await send(turn, reply, fault);
}

/** Whether nobody looks at the request. */
const isLost = ({ status, hang, reset, goaway }: Fault): boolean => Boolean(status || hang || reset || goaway);

function answer(turn: Turn): FakeReply {
  const { fake, options, url, read } = turn;
  const { reply, taken, what } = fake.answer(read);
  tell(turn, { outcome: taken ? 'taken' : reply.status < 400 ? 'answered' : 'refused', what, status: reply.status });
  if (taken) options.onDelivery({ fake: fake.name, at: options.clock(), url, ...taken });
  return reply;
}

async function send({ options, request, response }: Turn, reply: FakeReply, fault: Fault | undefined): Promise<void> {
  if (options.firstStreamAlone && reply.status === 200 && !isGone(response)) openUp(request.stream?.session);
  await writeReply(response, reply, { slowBody: fault?.slowBody });
}

const opened = new WeakSet<Http2Session>();

/** Allows more streams, once: a session takes only a few changes of its settings that its client has not confirmed. */
function openUp(session: Http2Session | undefined): void {
  if (!session || opened.has(session)) return;
  opened.add(session);
  session.settings({ maxConcurrentStreams: 1000 });
}

async function breakDown(turn: Turn, fault: Fault): Promise<void> {
  const { fake, read, request, response } = turn;
  const { status, retryAfter } = fault;
  if (status) {
    tell(turn, { outcome: 'fault', what: fault.reason ?? `HTTP ${status}`, status });
    const failure = fake.failure(fault, status, read);
    const headers = { ...failure.headers, ...(retryAfter !== undefined && { 'retry-after': String(retryAfter) }) };
    return send(turn, { ...failure, headers }, fault);
  }
  tell(turn, { outcome: 'fault', what: fault.hang ? 'hang' : fault.reset ? 'reset' : 'goaway' });
  if (fault.reset) request.socket.destroy();
  if (fault.goaway && !isGone(response)) await sendAway(turn);
}

async function sendAway(turn: Turn): Promise<void> {
  const { request, response } = turn;
  if (request.httpVersionMajor === 1) {
    response.setHeader('connection', 'close');
    return send(turn, answer(turn), undefined);
  }
  const { stream } = request;
  const { session, id = 1 } = stream;
  // The highest stream that was looked at is the one before: the client may send this one again elsewhere.
  session?.goaway(0, Math.max(0, id - 2), Buffer.from('{"reason":"Shutdown"}'));
  // A GOAWAY cannot say that not even the first stream was looked at.
  stream.close(constants.NGHTTP2_REFUSED_STREAM);
  session?.close();
}

function tell({ fake, options, address }: Turn, said: Pick<Exchange, 'outcome' | 'what' | 'status'>): void {
  options.onExchange({ fake: fake.name, at: options.clock(), ...said, ...(address !== undefined && { address }) });
}
