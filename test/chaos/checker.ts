import type { Line, Reply, Request, Rules } from './history.ts';

/** A request with what is known of its end; no reply: nobody knows whether it was taken. */
type Exchange = { number: number; sentAt: number; request: Request; endedAt?: number; reply?: Reply };
/** What was asked about one transaction, in the order in which it was sent. */
type Login = { id: string; beganAt: number; exchanges: Exchange[] };

/**
 * Reads what clients saw and says what no gateway may do, one sentence each; an empty list: all is well. It knows the promises, and nothing of how
 * they are kept.
 */
export function check(history: readonly Line[]): string[] {
  const rules = history.flatMap((line) => ('rules' in line ? [line.rules] : [])).at(-1);
  if (!rules) return ['the history says no rules'];
  const exchanges = exchangesOf(history);
  const outages = outagesOf(history);
  const logins = loginsOf(exchanges);
  return [
    ...exchanges.flatMap((exchange) => replyWrong(exchange, rules, outages)),
    ...rolloutsWrong(exchanges, rules),
    ...logins.flatMap((login) => loginWrong(login, rules).map((what) => `login ${login.id}: ${what}`)),
  ];
}

/** What a history holds, in numbers. */
export function summary(history: readonly Line[]): Record<string, number> {
  const exchanges = exchangesOf(history);
  const count = (isIt: (exchange: Exchange) => boolean): number => exchanges.filter(isIt).length;
  return {
    requests: exchanges.length,
    faults: history.filter((line) => 'fault' in line && line.isOn).length,
    withoutReply: count(({ reply }) => !reply),
    refusedAsOutage: count(({ reply }) => reply?.status === 503),
    accepts: count((exchange) => isAccept(exchange)),
    answersTaken: count((exchange) => isTaken(exchange)),
    slowestMs: exchanges.reduce((most, { sentAt, endedAt, reply }) => (reply ? Math.max(most, (endedAt ?? 0) - sentAt) : most), 0),
  };
}

function exchangesOf(history: readonly Line[]): Exchange[] {
  const byNumber = new Map<number, Exchange>();
  for (const line of history) {
    if (!('number' in line)) continue;
    if ('sent' in line) byNumber.set(line.number, { number: line.number, sentAt: line.at, request: line.sent });
    const exchange = byNumber.get(line.number);
    if (exchange && 'reply' in line) Object.assign(exchange, { endedAt: line.at, reply: line.reply });
    if (exchange && 'lost' in line) exchange.endedAt = line.at;
  }
  return [...byNumber.values()];
}

type Outage = { from: number; until: number };

/** While something was broken; a fault that never ended lasts as long as the history. */
function outagesOf(history: readonly Line[]): Outage[] {
  const open = new Map<string, number>();
  const outages: Outage[] = [];
  for (const line of history) {
    if (!('fault' in line)) continue;
    const from = open.get(line.fault);
    if (line.isOn) open.set(line.fault, from ?? line.at);
    else if (from !== undefined) {
      outages.push({ from, until: line.at });
      open.delete(line.fault);
    }
  }
  return [...outages, ...[...open.values()].map((from) => ({ from, until: Number.POSITIVE_INFINITY }))];
}

/** A reply that is late, an error that nothing explains, or none at all where nothing was broken. */
function replyWrong({ number, sentAt, endedAt, reply, request }: Exchange, { replyMs }: Rules, outages: readonly Outage[]): string[] {
  const what = `request ${number} (${request.kind})`;
  const isExcused = outages.some(({ from, until }) => sentAt <= until && (endedAt ?? Number.POSITIVE_INFINITY) >= from);
  if (!reply) return isExcused || endedAt === undefined ? [] : [`${what} got no reply though nothing was broken`];
  const wrong: string[] = [];
  if (endedAt !== undefined && endedAt - sentAt > replyMs) wrong.push(`${what} was answered after ${endedAt - sentAt} ms`);
  if (reply.status === 503 && !reply.outage) wrong.push(`${what} got a 503 that says nothing`);
  if (reply.status === 503 && !isExcused) wrong.push(`${what} got a 503 though nothing was broken`);
  if (reply.status >= 500 && reply.status !== 503) wrong.push(`${what} got ${reply.status}`);
  return wrong;
}

/** A phone that repeats its rollout in time is told the same key. */
function rolloutsWrong(exchanges: readonly Exchange[], { rolloutMs }: Rules): string[] {
  const keys = new Map<string, { said: string; until: number }>();
  return exchanges.flatMap(({ request, reply, sentAt }) => {
    if (request.kind !== 'rollout' || reply === undefined || reply.status === 503) return [];
    const first = keys.get(request.serial);
    if (first === undefined && reply.status === 200) keys.set(request.serial, { said: reply.said, until: sentAt + rolloutMs });
    if (first === undefined || sentAt >= first.until || first.said === reply.said) return [];
    return [`rollout ${request.serial}: an acknowledged key is another one now`];
  });
}

function loginsOf(exchanges: readonly Exchange[]): Login[] {
  const logins = new Map<string, Login>();
  for (const { request, reply, endedAt } of exchanges)
    if (request.kind === 'begin' && reply?.transaction !== undefined && endedAt !== undefined)
      logins.set(reply.transaction, { id: reply.transaction, beganAt: endedAt, exchanges: [] });
  for (const exchange of exchanges) if ('of' in exchange.request) logins.get(exchange.request.of)?.exchanges.push(exchange);
  return [...logins.values()];
}

const isTaken = ({ request, reply }: Exchange): boolean => request.kind === 'answer' && reply?.said === 'taken';
const isAccept = ({ request, reply }: Exchange): boolean => request.kind === 'finish' && reply?.said === 'ACCEPT';
const says = (exchange: Exchange, what: 'accept' | 'decline'): boolean =>
  exchange.request.kind === 'answer' && exchange.request.says === what;
/** Whether nobody knows what became of it: no reply, or one that says that the gateway does not know either. */
const isUnsure = ({ reply }: Exchange): boolean => reply === undefined || reply.status >= 500;
const isByOwner = ({ request }: Exchange): boolean => 'by' in request && request.by === 'owner';
const endOf = ({ endedAt }: Exchange): number => endedAt ?? Number.POSITIVE_INFINITY;

function loginWrong(login: Login, rules: Rules): string[] {
  const { exchanges, beganAt } = login;
  const lastAnswer = beganAt + rules.validityMs + rules.skewMs;
  const taken = exchanges.filter(isTaken);
  const wrong: string[] = [];
  for (const { request, sentAt } of taken) {
    if (request.kind === 'answer' && request.signature === 'wrong') wrong.push('an answer with a wrong signature was taken');
    if (sentAt > lastAnswer) wrong.push('an answer was taken after its time');
  }
  if (taken.some((each) => says(each, 'accept')) && taken.some((each) => says(each, 'decline'))) wrong.push('a phone changed its mind');
  return [...wrong, ...acceptsWrong(login, rules), ...pollsWrong(login), ...acceptsMissing(login, rules)];
}

/** Told to whom, how often, and by whose answer. */
function acceptsWrong({ exchanges, beganAt }: Login, { validityMs, graceMs, skewMs }: Rules): string[] {
  const accepts = exchanges.filter(isAccept);
  const wrong: string[] = [];
  if (accepts.length > 1) wrong.push(`${accepts.length} times ACCEPT`);
  for (const accept of accepts) {
    if (accept.request.kind === 'finish' && accept.request.by === 'stranger') wrong.push('ACCEPT for a stranger');
    const proofs = exchanges.filter(
      ({ request, sentAt }) =>
        request.kind === 'answer' &&
        request.says === 'accept' &&
        request.signature === 'right' &&
        sentAt <= endOf(accept) &&
        sentAt <= beganAt + validityMs + skewMs,
    );
    if (proofs.length === 0) wrong.push('ACCEPT without an accept in its time');
    else if (proofs.every((proof) => accept.sentAt > endOf(proof) + graceMs + skewMs) && accept.sentAt > beganAt + validityMs + skewMs)
      wrong.push('ACCEPT after its time');
    if (exchanges.some((each) => isTaken(each) && says(each, 'decline'))) wrong.push('ACCEPT of a login that was declined');
    if (exchanges.some((each) => each.request.kind === 'cancel' && each.reply?.said === 'cancelled' && endOf(each) < accept.sentAt))
      wrong.push('ACCEPT of a login that was taken back');
  }
  return wrong;
}

/** A poll tells no verdict that no phone gave, and never another one than before. */
function pollsWrong({ exchanges }: Login): string[] {
  const polls = exchanges.filter(({ request, reply }) => request.kind === 'poll' && reply?.status === 200);
  return polls.flatMap((poll) => {
    const said = poll.reply?.said;
    if (said !== 'accept' && said !== 'declined') return [];
    const wrong: string[] = [];
    if (!isByOwner(poll)) wrong.push('a stranger hears a verdict');
    const verdict = said === 'accept' ? 'accept' : 'decline';
    if (!exchanges.some((each) => says(each, verdict) && each.sentAt <= endOf(poll))) wrong.push(`a poll says ${said} before any phone`);
    const opposite = said === 'accept' ? 'declined' : 'accept';
    if (polls.some((later) => later.sentAt > endOf(poll) && later.reply?.said === opposite))
      wrong.push(`polls say ${said}, then ${opposite}`);
    return wrong;
  });
}

/** An accept that its phone was told was taken can be finished, once, and somebody has asked for it. */
function acceptsMissing({ exchanges }: Login, { graceMs, skewMs }: Rules): string[] {
  const acknowledged = exchanges.find((each) => isTaken(each) && says(each, 'accept'));
  if (!acknowledged) return [];
  const isTakenElsewhere = (finish: Exchange): boolean =>
    exchanges.some((other) => {
      if (other === finish || other.sentAt > endOf(finish)) return false;
      const { kind } = other.request;
      if (kind === 'cancel') return isUnsure(other) || other.reply?.said === 'cancelled';
      return kind === 'finish' && isByOwner(other) && (isUnsure(other) || isAccept(other));
    });
  const asked = exchanges.filter(
    (each) => each.request.kind === 'finish' && isByOwner(each) && each.sentAt >= endOf(acknowledged) && each.reply?.status === 200,
  );
  const inTime = asked.filter((each) => endOf(each) < acknowledged.sentAt + graceMs - skewMs);
  const wrong = inTime.some((each) => !isAccept(each) && !isTakenElsewhere(each)) ? ['an acknowledged accept is gone'] : [];
  if (asked.length === 0 && !exchanges.some((each) => isAccept(each) || each.request.kind === 'cancel'))
    wrong.push('an acknowledged accept was never asked for');
  return wrong;
}
