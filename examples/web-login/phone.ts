import { createInterface } from 'node:readline/promises';
import { openPhone, type PushRequest, type VirtualPhone } from '../../src/virtual-phone/index.ts';

/** A phone in the terminal: it shows what it is asked, and its user types the answer. */
export type TerminalPhone = { enrol(rolloutUri: string): Promise<void>; close(): Promise<void> };

const pollMs = 500;

/** Opens a phone whose tokens are in this file. */
export function openTerminalPhone(file: string): TerminalPhone {
  const phone = openPhone({ file, clock: Date.now, keyBits: 2048 });
  const keyboard = createInterface({ input: process.stdin });
  const waiting: PushRequest[] = [];
  keyboard.on('line', (line) => void answer(phone, waiting, line.trim()));
  const timer = setInterval(() => void poll(phone, waiting), pollMs);
  return {
    async enrol(uri) {
      const scanned = phone.scan(uri);
      if (!scanned.ok) throw new Error(scanned.reason);
      const rolledOut = await phone.rollout(scanned.value.serial);
      if (!rolledOut.ok) throw new Error(rolledOut.reason);
    },
    async close() {
      clearInterval(timer);
      keyboard.close();
      await phone.close();
    },
  };
}

async function poll(phone: VirtualPhone, waiting: PushRequest[]): Promise<void> {
  for (const { requests } of await phone.poll())
    for (const request of requests) {
      waiting.push(request);
      const options = request.ask.kind === 'choice' ? request.ask.options.join(' ') : 'yes';
      console.log(`\nPhone: ${request.title}\n${request.question}\nType one of: ${options}\nor no, and press Enter.`);
    }
}

async function answer(phone: VirtualPhone, waiting: PushRequest[], typed: string): Promise<void> {
  const request = waiting.pop();
  if (!request) return console.log('Phone: nothing is waiting.');
  const option = request.ask.kind === 'choice' ? typed : undefined;
  const answered = typed === 'no' ? await phone.decline(request) : await phone.approve(request, { option });
  if (!answered.ok) waiting.push(request);
  console.log(answered.ok ? 'Phone: answered.' : `Phone: ${answered.reason}`);
}
