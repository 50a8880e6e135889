import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import { type AppName, type LinotpRequest, type PushRequest, readQrPicture, type VirtualPhone } from '../../virtual-phone/index.ts';
import { readUserFile } from '../gateway-client.ts';
import { CommandFailed, type Terminal } from '../terminal.ts';
import { answerLinotp, enrolLinotp, hasLinotp, type LinotpEnrolOptions, linotpLine, listLinotp, waitingLinotp } from './phone-linotp.ts';
import { appOption, expectDone, phoneOption, pollPhone, requestLine, usualApp, withEnrolledPhone, withPhone } from './phone-option.ts';

/** `pushgate phone …`: a virtual phone, as strict as the app it stands for. */
export function phoneCommand(terminal: Terminal): Command {
  const phone = new Command('phone').addHelpText(
    'after',
    '\nExample:\n  npx pushgate phone enrol --qr data/alice.png\n  npx pushgate phone approve',
  );
  for (const make of [enrolCommand, listCommand, pollCommand, approveCommand, declineCommand, watchCommand, removeCommand])
    phone.addCommand(make(terminal));
  return phone;
}

type EnrolOptions = LinotpEnrolOptions & { phone: string; qr?: string; fcmToken?: string; app?: AppName };

function enrolCommand(terminal: Terminal): Command {
  return new Command('enrol')
    .description('Scan a QR code and bind the token in it to this phone.')
    .argument('[text]', 'text of the QR code')
    .option('--qr <file>', 'picture of the QR code (PNG)')
    .option('--fcm-token <address>', 'device address to tell the server; none without it')
    .option('--gda <address>', 'LinOTP: generic device address to tell the server')
    .option('--login <name>', 'LinOTP: name of the user to tell the server')
    .option('--inbox <url>', 'LinOTP: control URL of the fakes, where pushes for that address can be read')
    .addOption(appOption())
    .addOption(phoneOption())
    .addHelpText(
      'after',
      "\nExample:\n  npx pushgate phone enrol 'otpauth://pipush/…'\n  npx pushgate phone enrol --qr data/alice.png\n  npx pushgate phone enrol 'lseqr://pair/…' --gda DEADBEEF",
    )
    .action((text: string | undefined, { phone: file, qr, fcmToken, app, ...linotp }: EnrolOptions) => {
      const uri = uriOf(text, qr);
      const work = async (phone: VirtualPhone): Promise<void> => {
        if (await enrolLinotp(phone, terminal, uri, linotp)) return;
        const token = expectDone(await phone.enrol(uri, { fcmToken }));
        terminal.out(`enrolled ${token.serial} (${token.issuer}); it answers at ${token.url}`);
      };
      return withPhone(file, work, app ?? usualApp(uri));
    });
}

function uriOf(text: string | undefined, qr: string | undefined): string {
  if ((text === undefined) === (qr === undefined))
    throw new CommandFailed('give either the text of the QR code, in single quotes, or --qr and a picture.');
  return qr === undefined ? (text ?? '') : expectDone(readQrPicture(readUserFile(qr)));
}

function listCommand(terminal: Terminal): Command {
  return new Command('list')
    .description('List the tokens on this phone.')
    .addOption(phoneOption())
    .addHelpText('after', '\nExample:\n  npx pushgate phone list')
    .action(({ phone: file }: { phone: string }) =>
      withPhone(file, async (phone) => {
        const tokens = expectDone(phone.list());
        for (const { serial, issuer, state, url } of tokens) terminal.out(`${serial}  ${issuer}  ${state}  ${url}`);
        if (listLinotp(phone, terminal) + tokens.length === 0) terminal.out('No tokens. Next: npx pushgate phone enrol --help');
      }),
    );
}

function pollCommand(terminal: Terminal): Command {
  return new Command('poll')
    .description('Ask the servers what is waiting, and show it.')
    .option('-s, --serial <serial>', 'only for this token')
    .addOption(phoneOption())
    .addHelpText('after', '\nExample:\n  npx pushgate phone poll')
    .action(({ phone: file, serial }: { phone: string; serial?: string }) =>
      withEnrolledPhone(file, async (phone) => {
        const { requests, linotp } = await waiting(phone, terminal, serial);
        for (const request of requests) terminal.out(requestLine(request));
        for (const request of linotp) terminal.out(linotpLine(request));
        if (requests.length + linotp.length === 0) terminal.out('Nothing is waiting.');
      }),
    );
}

type AnswerOptions = { phone: string; serial?: string; option?: string; reason?: string };

function approveCommand(terminal: Terminal): Command {
  return new Command('approve')
    .description('Accept what is waiting.')
    .argument('[challenge]', 'LinOTP: text of the push, to accept that one')
    .option('-s, --serial <serial>', 'only for this token')
    .option('--option <text>', 'the option to pick where one is asked for')
    .addOption(phoneOption())
    .addHelpText('after', "\nExample:\n  npx pushgate phone approve\n  npx pushgate phone approve 'lseqr://push/…'")
    .action((challenge: string | undefined, { phone: file, serial, option }: AnswerOptions) =>
      withEnrolledPhone(file, async (phone) => {
        const { requests, linotp } = await somethingWaiting(phone, terminal, { serial, challenge });
        for (const request of requests) await approve(phone, terminal, request, option);
        for (const request of linotp) await answerLinotp(phone, terminal, request, 'approve');
      }),
    );
}

function declineCommand(terminal: Terminal): Command {
  return new Command('decline')
    .description('Decline what is waiting.')
    .argument('[challenge]', 'LinOTP: text of the push, to decline that one')
    .option('-s, --serial <serial>', 'only for this token')
    .option('--reason <reason>', 'unknown_trigger ("this was not me") or cancelled')
    .addOption(phoneOption())
    .addHelpText('after', '\nExample:\n  npx pushgate phone decline --reason unknown_trigger')
    .action((challenge: string | undefined, { phone: file, serial, reason }: AnswerOptions) =>
      withEnrolledPhone(file, async (phone) => {
        const { requests, linotp } = await somethingWaiting(phone, terminal, { serial, challenge });
        for (const request of requests) await decline(phone, terminal, request, reason);
        for (const request of linotp) await answerLinotp(phone, terminal, request, 'decline');
      }),
    );
}

type WatchOptions = { phone: string; auto?: string; every: string; once?: boolean };

function watchCommand(terminal: Terminal): Command {
  return new Command('watch')
    .description('Ask again and again, and show or answer what comes, until Ctrl-C.')
    .option('--auto <verdict>', 'answer everything: approve or decline')
    .option('--every <seconds>', 'seconds between polls', '1')
    .option('--once', 'stop after the first request')
    .addOption(phoneOption())
    .addHelpText('after', '\nExample:\n  npx pushgate phone watch --auto approve')
    .action(({ phone: file, auto, every, once }: WatchOptions) =>
      withEnrolledPhone(file, async (phone) => {
        if (auto !== undefined && auto !== 'approve' && auto !== 'decline') throw new CommandFailed('--auto takes approve or decline.');
        const pause = Number(every) * 1000;
        if (!(pause >= 100)) throw new CommandFailed('--every takes seconds, 0.1 or more.');
        const stop = new AbortController();
        const stopped = terminal.stopRequested().then(() => stop.abort());
        while (!stop.signal.aborted) {
          const { requests, linotp } = await waiting(phone, terminal);
          for (const request of requests) await show(phone, terminal, request, auto);
          for (const request of linotp) await showLinotp(phone, terminal, request, auto);
          if (once && requests.length + linotp.length > 0) return;
          await Promise.race([sleep(pause, undefined, { signal: stop.signal }).catch(() => undefined), stopped]);
        }
      }),
    );
}

function removeCommand(terminal: Terminal): Command {
  return new Command('remove')
    .description('Forget a token and its key. The server is not told.')
    .argument('<serial>', 'serial of the token')
    .addOption(phoneOption())
    .addHelpText('after', '\nExample:\n  npx pushgate phone remove PIPU0001A2B3')
    .action((serial: string, { phone: file }: { phone: string }) =>
      withEnrolledPhone(file, async (phone) => {
        const removed = hasLinotp(phone, serial) ? phone.linotp.remove(serial) : phone.remove(serial);
        terminal.out(`removed ${expectDone<{ serial: string }>(removed).serial}`);
      }),
    );
}

/** What is waiting for the tokens of each kind. */
type Waiting = { requests: PushRequest[]; linotp: LinotpRequest[] };

async function waiting(phone: VirtualPhone, terminal: Terminal, serial?: string): Promise<Waiting> {
  const isLinotp = hasLinotp(phone, serial);
  return {
    requests: isLinotp ? [] : await pollPhone(phone, terminal, serial),
    linotp: serial === undefined || isLinotp ? await waitingLinotp(phone, serial) : [],
  };
}

type Named = { serial: string | undefined; challenge: string | undefined };

async function somethingWaiting(phone: VirtualPhone, terminal: Terminal, { serial, challenge }: Named): Promise<Waiting> {
  if (challenge !== undefined) return { requests: [], linotp: [expectDone(phone.linotp.receive(challenge))] };
  const found = await waiting(phone, terminal, serial);
  if (found.requests.length + found.linotp.length === 0)
    throw new CommandFailed('nothing is waiting for this phone. Start a login first, for example: npx pushgate login --help');
  return found;
}

async function showLinotp(
  phone: VirtualPhone,
  terminal: Terminal,
  request: LinotpRequest,
  auto: 'approve' | 'decline' | undefined,
): Promise<void> {
  if (auto !== undefined) await answerLinotp(phone, terminal, request, auto);
  else terminal.out(linotpLine(request));
}

async function show(phone: VirtualPhone, terminal: Terminal, request: PushRequest, auto: 'approve' | 'decline' | undefined): Promise<void> {
  if (auto === 'approve') await approve(phone, terminal, request, undefined);
  else if (auto === 'decline') await decline(phone, terminal, request, undefined);
  else terminal.out(requestLine(request));
}

/** Accepts one request and tells what the server thought of it. */
export async function approve(phone: VirtualPhone, terminal: Terminal, request: PushRequest, option: string | undefined): Promise<void> {
  const { value, displayCode, message } = expectDone(await phone.approve(request, { option }));
  terminal.out(`${requestLine(request)}: approved, the server ${value === true ? 'took it' : 'did not take it'}`);
  if (displayCode !== undefined) terminal.out(`${message ?? 'code'}: ${displayCode}`);
}

/** Declines one request and tells what the server thought of it. */
export async function decline(phone: VirtualPhone, terminal: Terminal, request: PushRequest, reason: string | undefined): Promise<void> {
  const { value } = expectDone(await phone.decline(request, { reason }));
  terminal.out(
    `${requestLine(request)}: declined${reason ? ` (${reason})` : ''}, the server ${value === true ? 'took it' : 'did not take it'}`,
  );
}
