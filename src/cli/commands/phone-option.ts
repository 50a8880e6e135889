import { existsSync } from 'node:fs';
import { Option } from 'commander';
import { type AppName, type Outcome, openPhone, type PushRequest, type VirtualPhone } from '../../virtual-phone/index.ts';
import { CommandFailed, type Terminal } from '../terminal.ts';

const defaultPhoneFile = 'data/virtual-phone.json';

/** The option `--phone` of every command of the virtual phone. */
export const phoneOption = (): Option => new Option('--phone <file>', 'where the virtual phone keeps its tokens').default(defaultPhoneFile);

/** The option that chooses the app that scans a QR code. */
export const appOption = (): Option =>
  new Option('--app <name>', 'app that scans the code; without it the scheme of the code decides').choices([
    'privacyidea',
    'edumfa',
    'edumfa-next',
  ]);

/** A token on the phone; `url` is the address that it sends answers to. */
export type PhoneToken = { serial: string; issuer: string; state: string; url: string };

/** The app that belongs to the scheme of this QR code. */
export const usualApp = (uri: string): AppName => (uri.startsWith('edumfa-push:') ? 'edumfa' : 'privacyidea');

/** Opens a phone, runs `work`, and closes it. `app` is the app that scans. */
export async function withPhone(file: string, work: (phone: VirtualPhone) => Promise<void>, app: AppName = 'privacyidea'): Promise<void> {
  const phone = openPhone({ file, clock: Date.now, app });
  try {
    await work(phone);
  } finally {
    await phone.close();
  }
}

/** The same for a phone whose file exists, because it has scanned a code before. */
export function withEnrolledPhone(file: string, work: (phone: VirtualPhone) => Promise<void>): Promise<void> {
  if (!existsSync(file))
    throw new CommandFailed(`there is no virtual phone in ${file}. npx pushgate phone enrol makes one; --phone names the file of another.`);
  return withPhone(file, work);
}

/** Returns the value of a successful outcome. Throws `CommandFailed` with the sentence of a refusal. */
export function expectDone<T>(outcome: Outcome<T>): T {
  if (!outcome.ok) throw new CommandFailed(`the virtual phone refuses: ${outcome.reason.replace(/\s*\n\s*/g, ' ')}`);
  return outcome.value;
}

/** Polls the server. Prints requests that the phone refuses. Throws if the poll failed. */
export async function pollPhone(phone: VirtualPhone, terminal: Terminal, serial?: string): Promise<PushRequest[]> {
  const reports = await phone.poll(serial);
  for (const { refused, failed, serial: of } of reports) {
    for (const reason of refused) terminal.err(`refused: ${reason}`);
    if (failed !== undefined) throw new CommandFailed(`the virtual phone cannot poll${of === '' ? '' : ` for ${of}`}: ${failed}`);
  }
  return reports.flatMap(({ requests }) => requests);
}

/** A question, with the options to choose from. */
export const questionOf = (question: string, options?: readonly string[]): string =>
  options ? `${question} [${options.join(' ')}]` : question;
