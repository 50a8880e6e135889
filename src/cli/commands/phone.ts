import { setTimeout as sleep } from 'node:timers/promises';
import { Command, Option } from 'commander';
import { z } from 'zod';
import { type AppName, type LinotpRequest, type PushRequest, readQrPicture, type VirtualPhone } from '../../virtual-phone/index.ts';
import { readUserFile } from '../gateway-client.ts';
import { dataOutput, type JsonFlag, printTable } from '../output/index.ts';
import { CommandFailed, type Terminal, WrongUsage } from '../terminal.ts';
import {
  answerLinotp,
  answersOutput,
  approve,
  decline,
  type PhoneAnswer,
  printRequests,
  requestLine,
  shownLinotp,
  shownRequest,
  tellAnswer,
  waitingOutput,
} from './phone-answers.ts';
import { enrolLinotp, hasLinotp, type LinotpEnrolOptions, listLinotp, waitingLinotp } from './phone-linotp.ts';
import { appOption, expectDone, phoneOption, pollPhone, usualApp, withEnrolledPhone, withPhone } from './phone-option.ts';

/** `pushgate phone …`: a virtual phone that checks as strictly as the real app. */
export function phoneCommand(terminal: Terminal): Command {
  const phone = new Command('phone').addHelpText(
    'after',
    '\nExample:\n  npx pushgate phone enrol --qr data/alice.png\n  npx pushgate phone approve',
  );
  for (const make of [enrolCommand, listCommand, pollCommand, approveCommand, declineCommand, watchCommand, removeCommand])
    phone.addCommand(make(terminal));
  return phone;
}

const PhoneToken = z.object({ serial: z.string(), issuer: z.string(), state: z.string(), url: z.string() });
const enrolled = dataOutput(PhoneToken);
const listed = dataOutput(z.object({ tokens: z.array(PhoneToken) }));
const removed = dataOutput(z.object({ serial: z.string(), removed: z.literal(true) }));

type EnrolOptions = JsonFlag & LinotpEnrolOptions & { phone: string; qr?: string; fcmToken?: string; app?: AppName };

function enrolCommand(terminal: Terminal): Command {
  return new Command('enrol')
    .description('Scan a QR code and bind the token in it to this phone.')
    .argument('[text]', 'text of the QR code')
    .option('--qr <file>', 'picture of the QR code (PNG)')
    .option('--fcm-token <address>', 'device address that the phone tells the server; without it the phone tells none')
    .option('--gda <address>', 'LinOTP: generic device address (gda) that the phone tells the server')
    .option('--login <name>', 'LinOTP: name of the user that the phone tells the server')
    .option('--inbox <url>', 'LinOTP: control URL of the fakes, where pushes for that address can be read')
    .addOption(appOption())
    .addOption(enrolled.option())
    .addOption(phoneOption())
    .addHelpText(
      'after',
      "\nExample:\n  npx pushgate phone enrol 'otpauth://pipush/…'\n  npx pushgate phone enrol --qr data/alice.png\n  npx pushgate phone enrol 'lseqr://pair/…' --gda DEADBEEF",
    )
    .action((text: string | undefined, { phone: file, qr, fcmToken, app, json, ...linotp }: EnrolOptions) => {
      const uri = uriOf(text, qr);
      const work = async (phone: VirtualPhone): Promise<void> => {
        const paired = await enrolLinotp(phone, uri, linotp);
        const token = paired ?? expectDone(await phone.enrol(uri, { fcmToken }));
        enrolled.print(terminal, { json }, token, ({ serial, issuer, url, state }) => {
          if (!paired) terminal.out(`enrolled ${serial} (${issuer}); it answers at ${url}`);
          else terminal.out(`paired ${serial}; it answers at ${url}${state === 'active' ? '' : '. It waits to be activated'}`);
        });
      };
      return withPhone(file, work, app ?? usualApp(uri));
    });
}

function uriOf(text: string | undefined, qr: string | undefined): string {
  if ((text === undefined) === (qr === undefined))
    throw new WrongUsage('give either the text of the QR code, in single quotes, or --qr and a picture.');
  return qr === undefined ? (text ?? '') : expectDone(readQrPicture(readUserFile(qr)));
}

function listCommand(terminal: Terminal): Command {
  return new Command('list')
    .description('List the tokens on this phone.')
    .addOption(listed.option())
    .addOption(phoneOption())
    .addHelpText('after', '\nExample:\n  npx pushgate phone list')
    .action(({ phone: file, json }: JsonFlag & { phone: string }) =>
      withPhone(file, async (phone) =>
        listed.print(terminal, { json }, { tokens: [...expectDone(phone.list()), ...listLinotp(phone)] }, ({ tokens }) => {
          printTable(terminal, tokens, [
            { head: 'SERIAL', cell: ({ serial }) => serial },
            { head: 'ISSUER', cell: ({ issuer }) => issuer },
            { head: 'STATE', cell: ({ state }) => state },
            { head: 'URL', cell: ({ url }) => url },
          ]);
          if (tokens.length === 0) terminal.err('No tokens. Next: npx pushgate phone enrol --help');
        }),
      ),
    );
}

function pollCommand(terminal: Terminal): Command {
  return new Command('poll')
    .description('Ask the servers for waiting requests, and show them.')
    .option('-s, --serial <serial>', 'only for this token')
    .addOption(waitingOutput.option())
    .addOption(phoneOption())
    .addHelpText('after', '\nExample:\n  npx pushgate phone poll')
    .action(({ phone: file, serial, json }: JsonFlag & { phone: string; serial?: string }) =>
      withEnrolledPhone(file, async (phone) => {
        const { requests, linotp } = await waiting(phone, terminal, serial);
        const shown = [...requests.map(shownRequest), ...linotp.map(shownLinotp)];
        waitingOutput.print(terminal, { json }, { requests: shown }, () => {
          printRequests(terminal, shown);
          if (shown.length === 0) terminal.err('Nothing is waiting.');
        });
      }),
    );
}

type AnswerOptions = JsonFlag & { phone: string; serial?: string; option?: string; reason?: string };

function approveCommand(terminal: Terminal): Command {
  return new Command('approve')
    .description('Accept the waiting requests.')
    .argument('[challenge]', 'LinOTP: text of the push to accept')
    .option('-s, --serial <serial>', 'only for this token')
    .option('--option <text>', 'the option to pick, where the request has several')
    .addOption(answersOutput.option())
    .addOption(phoneOption())
    .addHelpText('after', "\nExample:\n  npx pushgate phone approve\n  npx pushgate phone approve 'lseqr://push/…'")
    .action((challenge: string | undefined, { phone: file, serial, option, json }: AnswerOptions) =>
      withEnrolledPhone(file, async (phone) => {
        const { requests, linotp } = await somethingWaiting(phone, terminal, { serial, challenge });
        const answers: PhoneAnswer[] = [];
        for (const request of requests) answers.push(await approve(phone, request, option));
        for (const request of linotp) answers.push(await answerLinotp(phone, request, 'approve'));
        tellAnswers(terminal, { json }, answers);
      }),
    );
}

function declineCommand(terminal: Terminal): Command {
  return new Command('decline')
    .description('Decline the waiting requests.')
    .argument('[challenge]', 'LinOTP: text of the push to decline')
    .option('-s, --serial <serial>', 'only for this token')
    .option('--reason <reason>', 'unknown_trigger ("this was not me") or cancelled')
    .addOption(answersOutput.option())
    .addOption(phoneOption())
    .addHelpText('after', '\nExample:\n  npx pushgate phone decline --reason unknown_trigger')
    .action((challenge: string | undefined, { phone: file, serial, reason, json }: AnswerOptions) =>
      withEnrolledPhone(file, async (phone) => {
        const { requests, linotp } = await somethingWaiting(phone, terminal, { serial, challenge });
        const answers: PhoneAnswer[] = [];
        for (const request of requests) answers.push(await decline(phone, request, reason));
        for (const request of linotp) answers.push(await answerLinotp(phone, request, 'decline'));
        tellAnswers(terminal, { json }, answers);
      }),
    );
}

type Verdict = 'approve' | 'decline';

const tellAnswers = (terminal: Terminal, flags: JsonFlag, answers: PhoneAnswer[]): void =>
  answersOutput.print(terminal, flags, { answers }, () => {
    for (const answer of answers) tellAnswer(terminal, answer);
  });

type WatchOptions = { phone: string; auto?: Verdict; every: string; once?: boolean };

function watchCommand(terminal: Terminal): Command {
  return new Command('watch')
    .description('Ask the servers again and again, and show or answer each request, until Ctrl-C.')
    .addOption(new Option('--auto <verdict>', 'answer every request like this').choices(['approve', 'decline']))
    .option('--every <seconds>', 'seconds between polls', '1')
    .option('--once', 'stop after the first request')
    .addOption(phoneOption())
    .addHelpText('after', '\nExample:\n  npx pushgate phone watch --auto approve')
    .action(({ phone: file, auto, every, once }: WatchOptions) =>
      withEnrolledPhone(file, async (phone) => {
        const pause = Number(every) * 1000;
        if (!(pause >= 100)) throw new WrongUsage('--every takes seconds, 0.1 or more.');
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
    .addOption(removed.option())
    .addOption(phoneOption())
    .addHelpText('after', '\nExample:\n  npx pushgate phone remove PIPU0001A2B3')
    .action((serial: string, { phone: file, json }: JsonFlag & { phone: string }) =>
      withEnrolledPhone(file, async (phone) => {
        expectDone<unknown>(hasLinotp(phone, serial) ? phone.linotp.remove(serial) : phone.remove(serial));
        removed.print(terminal, { json }, { serial, removed: true }, () => terminal.out(`removed ${serial}`));
      }),
    );
}

/** Waiting requests, by kind of token. */
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

async function showLinotp(phone: VirtualPhone, terminal: Terminal, request: LinotpRequest, auto: Verdict | undefined): Promise<void> {
  if (auto === undefined) terminal.out(requestLine(shownLinotp(request)));
  else tellAnswer(terminal, await answerLinotp(phone, request, auto));
}

async function show(phone: VirtualPhone, terminal: Terminal, request: PushRequest, auto: Verdict | undefined): Promise<void> {
  if (auto === undefined) terminal.out(requestLine(shownRequest(request)));
  else tellAnswer(terminal, await (auto === 'approve' ? approve : decline)(phone, request, undefined));
}
