import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Outcome, openPhone, type PhoneOptions, type PushRequest, type VirtualPhone } from '../../src/virtual-phone/index.ts';
import { type FakeClock, fakeClock } from '../kit/clock.ts';
import { type Cleanup, temporaryFolder } from '../kit/temporary.ts';
import { type FakeServer, startServer } from './server-kit.ts';

/** A phone of a test, where its file is, and its clock. */
export type GivenPhone = { phone: VirtualPhone; file: string; clock: FakeClock };

/** A phone of its own with nothing on it. */
export function givenPhone(undo: Cleanup, options: Partial<PhoneOptions> = {}): GivenPhone {
  const clock = fakeClock();
  const file = join(temporaryFolder(undo), 'phone.json');
  const phone = openPhone({ file, clock, keyBits: 2048, timeoutMs: 2_000, ...options });
  undo.later(() => phone.close());
  return { phone, file: options.file ?? file, clock };
}

/**
 * Shared by a suite: the server, the public key of PIPU1's phone, and phones that hold PIPU1 (rolled out once, since
 * keys take their time).
 */
export type Enrolled = {
  server: FakeServer;
  pubkey: string;
  given(undo: Cleanup, options?: Partial<PhoneOptions>): GivenPhone;
  end(): Promise<unknown>;
};

/** Starts a server and rolls out PIPU1 with it. */
export async function enrolOnce(): Promise<Enrolled> {
  const server = await startServer();
  const folder = mkdtempSync(join(tmpdir(), 'pushgate-test-'));
  const file = join(folder, 'phone.json');
  const phone = openPhone({ file, clock: fakeClock(), keyBits: 2048 });
  value(await phone.enrol(server.offer()));
  await phone.close();
  const pubkey = server.lastCall().fields.pubkey ?? '';
  return {
    server,
    pubkey,
    given(undo, options) {
      server.reset();
      const given = givenPhone(undo, options);
      copyFileSync(file, given.file);
      return given;
    },
    end: () => {
      rmSync(folder, { recursive: true });
      return server.stop();
    },
  };
}

/** The value of a successful outcome. */
export function value<T>(outcome: Outcome<T>): T {
  assert.ok(outcome.ok, outcome.ok ? '' : outcome.reason);
  return outcome.value;
}

/** The reason of a refusal. */
export function reason(outcome: Outcome<unknown>): string {
  assert.ok(!outcome.ok, 'it was not refused');
  return outcome.reason;
}

/** The request that a message becomes on the phone. */
export function shown(phone: VirtualPhone, message: unknown): PushRequest {
  const taken = phone.receive(message);
  assert.ok(taken.kind === 'request', JSON.stringify(taken));
  return taken.request;
}
