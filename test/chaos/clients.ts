import type { PiReply } from '../kit/pi-client.ts';
import { type PiPhone, piPhone } from '../kit/pi-phone.ts';
import type { History, Reply, Request } from './history.ts';
import type { Random } from './random.ts';
import type { Node, Stand } from './stand.ts';

/** Users with phones who log in as fast as they are let, and the auth servers that ask; all of it goes into the history. */
export type Crowd = {
  /** Resolves when so many more answers, logins and rollouts were acknowledged. */
  untilAcknowledged(count: number): Promise<void>;
  /** Asks for every login whose end is open, until each has one; the crowd waits meanwhile. */
  settle(): Promise<void>;
  end(): Promise<void>;
};

type Ended = { reply: Reply; body: PiReply['body'] } | undefined;
type User = { name: string; phone: (node: Node) => PiPhone };
type Login = { id: string; user: string };

const workers = 6;
const impatienceMs = 30_000;
const pauseMs = 25;
const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, pauseMs));

/** Lets the crowd in. `random` decides what each of them does. */
export function openCrowd(stand: Stand, history: History, random: Random): Crowd {
  const crowd = new Set<Promise<void>>();
  const open: Login[] = [];
  const phones = new Map<string, { serial: string; credential: string }>();
  let acknowledged = 0;
  let users = 0;
  let [isOver, isPaused] = [false, false];
  let failure: unknown;
  const failed = (error: unknown): void => {
    failure ??= error;
  };

  /** As a balancer picks it: one that it does not know to be dead. */
  const anyNode = async (): Promise<Node> => {
    while (stand.nodes.every(({ isUp }) => !isUp)) await pause();
    return random.pick(stand.nodes.filter(({ isUp }) => isUp));
  };
  const send = async (request: Request, ask: (node: Node) => Promise<PiReply>, said: (reply: PiReply) => string): Promise<Ended> => {
    const node = await anyNode();
    const number = history.nextNumber();
    history.write({ at: Date.now(), number, sent: request });
    try {
      const { status, body, text } = await ask(node);
      const outage = status === 503 && body.result.status === false && body.result.error?.code === -500;
      const transaction = request.kind === 'begin' ? body.detail?.transaction_id : undefined;
      const reply: Reply = { status, said: status === 200 ? said({ status, body, text } as PiReply) : `${status}`, outage, transaction };
      history.write({ at: Date.now(), number, reply });
      if (['taken', 'ACCEPT'].includes(reply.said) || request.kind === 'rollout') acknowledged += 1;
      return { reply, body };
    } catch (error) {
      history.write({ at: Date.now(), number, lost: String((error as Error).cause ?? error) });
      await pause();
      return undefined;
    }
  };
  const finish = (login: Login, by: 'owner' | 'stranger'): Promise<Ended> =>
    send(
      { kind: 'finish', of: login.id, by },
      ({ client }) => client.post('/validate/check', { user: login.user, pass: '', transaction_id: login.id }, stand.keys[by]),
      ({ body }) => String(body.result.authentication),
    );
  const poll = (id: string, by: 'owner' | 'stranger'): Promise<Ended> =>
    send(
      { kind: 'poll', of: id, by },
      ({ client }) => client.get('/validate/polltransaction', { transaction_id: id }, stand.keys[by]),
      ({ body }) => String(body.detail?.challenge_status),
    );

  const rollout = (serial: string, credential: string): Promise<Ended> =>
    send(
      { kind: 'rollout', serial },
      ({ client }) => piPhone(client, { serial, credential }).rollout({ fbtoken: `fcm-${serial}` }),
      ({ body }) => String(body.detail?.public_key),
    );

  const enrol = async (): Promise<User | undefined> => {
    users += 1;
    const name = `user${users}`;
    const wish = { type: 'push', genkey: '1', user: name, pin: '1234' };
    const made = await quietly(({ client }) => client.post('/token/init', wish, stand.admin));
    if (made?.status !== 200) return undefined;
    const { serial, enrollment_credential: credential } = made.body.detail;
    if ((await rollout(serial, credential))?.reply.status !== 200) return undefined;
    phones.set(serial, { serial, credential });
    return { name, phone: ({ client }) => piPhone(client, { serial, credential }) };
  };
  /** A request that promises nothing, so that nobody checks it. */
  const quietly = async (ask: (node: Node) => Promise<PiReply>): Promise<PiReply | undefined> => {
    const node = await anyNode();
    try {
      return await ask(node);
    } catch {
      await pause();
      return undefined;
    }
  };

  /** Begins a login and returns what its phone is shown; undefined where it is not told, or is shown another one too. */
  const begin = async (user: User): Promise<{ login: Login; nonce: string } | undefined> => {
    const begun = await send(
      { kind: 'begin', user: user.name },
      ({ client }) => client.post('/validate/check', { user: user.name, pass: '1234' }, stand.keys.owner),
      ({ body }) => String(body.result.authentication),
    );
    const id = begun?.reply.transaction;
    if (id === undefined) return undefined;
    const shown = (await quietly((node) => user.phone(node).poll()))?.body.result.value;
    return Array.isArray(shown) && shown.length === 1 ? { login: { id, user: user.name }, nonce: shown[0].nonce } : undefined;
  };

  const answer = (user: User, login: Login, nonce: string, says: 'accept' | 'decline', signature: 'right' | 'wrong'): Promise<Ended> =>
    send(
      { kind: 'answer', of: login.id, says, signature },
      (node) => {
        const phone = user.phone(node);
        if (signature === 'right') return phone.answer(nonce, { decline: says === 'decline' });
        return node.client.post('/ttype/push', { serial: phone.serial, nonce, signature: phone.sign(`${nonce}|someone else`) });
      },
      ({ body }) => (body.result.value === true ? 'taken' : 'refused'),
    );

  /** One login, of a kind that chance decides; false where the user had better be another one next time. */
  const logIn = async (user: User): Promise<boolean> => {
    const begun = await begin(user);
    if (!begun) return false;
    const { login, nonce } = begun;
    open.push(login);
    const says = (verdict: 'accept' | 'decline', signature: 'right' | 'wrong' = 'right') => answer(user, login, nonce, verdict, signature);
    const kind = random.below(20);
    if (kind === 0) return late(says, login);
    if (kind <= 2) await Promise.all([poll(login.id, 'stranger'), finish(login, 'owner')]);
    if (kind <= 4) await says('accept', 'wrong');
    if (kind === 5) await Promise.all([says('accept'), says('decline')]);
    const first = await says(kind >= 6 && kind <= 8 ? 'decline' : 'accept');
    if (kind === 8 || kind === 9) await says('accept');
    const [polled] = await Promise.all([poll(login.id, 'owner'), ...(kind <= 4 ? [finish(login, 'stranger')] : [])]);
    const asked = await Promise.all(Array.from({ length: kind >= 15 ? 3 : 1 }, () => finish(login, 'owner')));
    const isCertain = [first, polled, ...asked].every((each) => each !== undefined && each.reply.status < 500);
    const at = open.indexOf(login);
    if (isCertain && at >= 0) open.splice(at, 1);
    // Somebody may have asked for it before its phone had answered.
    if (!isCertain && at < 0) open.push(login);
    return isCertain;
  };

  /** A phone that lies in another room until the time is over. */
  const late = (says: (verdict: 'accept') => Promise<Ended>, login: Login): boolean => {
    const overAt = Date.now() + stand.rules.validityMs + 2 * stand.rules.skewMs + 500;
    const wait = async (): Promise<void> => {
      while (Date.now() < overAt && !isOver) await pause();
      if (isOver) return;
      await says('accept');
      await finish(login, 'owner');
    };
    const waiting: Promise<void> = wait()
      .catch(failed)
      .finally(() => crowd.delete(waiting));
    crowd.add(waiting);
    return false;
  };

  const work = async (): Promise<void> => {
    let user: User | undefined;
    while (!isOver) {
      if (isPaused) await pause();
      else if (!user) user = await enrol();
      else if (!(await logIn(user))) user = undefined;
    }
  };
  for (let count = 0; count < workers; count += 1) crowd.add(work().catch(failed));

  return {
    async untilAcknowledged(count) {
      const enough = acknowledged + count;
      const givesUp = Date.now() + impatienceMs;
      while (acknowledged < enough && Date.now() < givesUp && failure === undefined) await pause();
      if (failure !== undefined) throw failure;
    },
    async settle() {
      isPaused = true;
      for (const login of open.splice(0)) for (let asked: Ended; asked?.reply.status !== 200; ) asked = await finish(login, 'owner');
      for (const { serial, credential } of random.some([...phones.values()], 2)) await rollout(serial, credential);
      isPaused = false;
    },
    async end() {
      isOver = true;
      await Promise.all(crowd);
    },
  };
}
