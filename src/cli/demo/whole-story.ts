import { expectDone } from '../commands/phone-option.ts';
import type { Cast } from './stage.ts';
import { approve, enrol, expectTrue, finish, start, status, waiting } from './steps.ts';

/** Providers and policies of the demo without fakes. */
export const pollOnlySetting = {
  providers: [{ name: 'poll', kind: 'poll-only', default: true, config: {} }],
  policies: [{ name: 'demo', scope: 'enrollment', actions: { push_firebase_configuration: 'poll only' } }],
};

const user = 'alice';

/** Enrol, ask, accept, log in, refuse a replay, decline. */
export async function wholeStory(cast: Cast): Promise<void> {
  const { client, terminal } = cast;
  terminal.out(`1. A gateway runs at ${client.url} with an empty store.`);
  const serial = await enrol(cast, user);
  terminal.out(`2. alice's virtual phone is enrolled: ${serial}, RSA-4096 made on the phone.`);
  const { id } = await start(cast, user);
  terminal.out(`3. alice starts a login with her PIN: transaction ${id}, "${(await status(cast, id)).status}".`);
  const request = await waiting(cast);
  terminal.out(`4. The phone asks what is waiting, checks the signature and shows: ${request.title}: ${request.question}`);
  await approve(cast, request);
  terminal.out(`5. alice approves; the transaction now reads "${(await status(cast, id)).status}".`);
  const finished = await finish(cast, user, id);
  expectTrue(finished.authentication === 'ACCEPT', 'the login is accepted');
  terminal.out(`6. The login page finishes: ${finished.authentication}, ${String(finished.detail.message)}.`);
  const replay = await finish(cast, user, id);
  expectTrue(replay.authentication === 'REJECT', 'a replay is refused');
  terminal.out(`7. The same request again is refused: ${replay.authentication}, ${String(replay.detail.message)}.`);
  await declined(cast);
}

async function declined(cast: Cast): Promise<void> {
  const { phone, terminal } = cast;
  const { id } = await start(cast, user);
  const said = expectDone(await phone.decline(await waiting(cast), { reason: 'unknown_trigger' }));
  expectTrue(said.value === true, 'the gateway takes the signed no');
  const seen = await status(cast, id);
  expectTrue(seen.status === 'declined' && seen.authentication === 'DECLINED', 'the decline is seen');
  terminal.out(`8. Another login, and "this was not me": the transaction reads "${seen.status}", ${seen.authentication}.`);
  expectTrue((await finish(cast, user, id)).authentication === 'REJECT', 'a declined login is refused');
  terminal.out('9. A declined login cannot be finished: REJECT. That is the whole story.');
}
