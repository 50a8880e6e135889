import { z } from 'zod';
import type { LinotpRequest, PushRequest, VirtualPhone } from '../../virtual-phone/index.ts';
import { dataOutput, printTable } from '../output/index.ts';
import type { Terminal } from '../terminal.ts';
import { linotpWords } from './phone-linotp.ts';
import { expectDone, questionOf } from './phone-option.ts';

const Request = z.object({ serial: z.string(), title: z.string(), question: z.string(), options: z.array(z.string()).optional() });

/**
 * A request as the phone shows it: `title` is the transaction of a LinOTP token; `options` are the numbers to choose
 * from.
 */
export type ShownRequest = z.output<typeof Request>;

/** The `--json` output of waiting requests. */
export const waitingOutput = dataOutput(z.object({ requests: z.array(Request) }));

const Answer = Request.extend({
  verdict: z.enum(['approved', 'declined']),
  reason: z.string().optional(),
  taken: z.boolean(),
  displayCode: z.string().optional(),
  codeText: z.string().optional(),
});

/** One answer of the phone, and whether the server accepted it. The user types `displayCode` at the login page. */
export type PhoneAnswer = z.output<typeof Answer>;

/** The `--json` output of answers. */
export const answersOutput = dataOutput(z.object({ answers: z.array(Answer) }));

/** A push request in the form of the output. */
export const shownRequest = ({ serial, title, question, ask }: PushRequest): ShownRequest => ({
  serial,
  title,
  question,
  options: ask.kind === 'choice' ? ask.options : undefined,
});

/** A LinOTP request in the form of the output. */
export const shownLinotp = ({ serial, transactionId, ask }: LinotpRequest): ShownRequest => ({
  serial,
  title: transactionId,
  question: linotpWords(ask),
});

/** Prints waiting requests, one row each. */
export const printRequests = (terminal: Terminal, requests: readonly ShownRequest[]): void =>
  printTable(terminal, requests, [
    { head: 'SERIAL', cell: ({ serial }) => serial },
    { head: 'TITLE', cell: ({ title }) => title },
    { head: 'QUESTION', cell: ({ question, options }) => questionOf(question.replaceAll('\n', ' / '), options) },
  ]);

/** Accepts one request. */
export async function approve(phone: VirtualPhone, request: PushRequest, option: string | undefined): Promise<PhoneAnswer> {
  const { value, displayCode, message } = expectDone(await phone.approve(request, { option }));
  return { ...shownRequest(request), verdict: 'approved', taken: value === true, displayCode, codeText: message };
}

/** Declines one request. */
export async function decline(phone: VirtualPhone, request: PushRequest, reason: string | undefined): Promise<PhoneAnswer> {
  const { value } = expectDone(await phone.decline(request, { reason }));
  return { ...shownRequest(request), verdict: 'declined', reason, taken: value === true };
}

/** Answers one request of a LinOTP token. */
export async function answerLinotp(phone: VirtualPhone, request: LinotpRequest, verdict: 'approve' | 'decline'): Promise<PhoneAnswer> {
  const taken = expectDone(await phone.linotp.answer(request, verdict === 'approve' ? 'ACCEPT' : 'DENY'));
  return { ...shownLinotp(request), verdict: verdict === 'approve' ? 'approved' : 'declined', taken };
}

/** One request as a line of text. */
export const requestLine = ({ serial, title, question, options }: ShownRequest): string =>
  `${serial}  ${title}: ${questionOf(question, options)}`;

/** Prints an answer, and whether the server accepted it. */
export function tellAnswer(terminal: Terminal, { verdict, reason, taken, displayCode, codeText, ...request }: PhoneAnswer): void {
  const because = reason ? ` (${reason})` : '';
  terminal.out(`${requestLine(request)}: ${verdict}${because}, the server ${taken ? 'took it' : 'did not take it'}`);
  if (displayCode !== undefined) terminal.out(`${codeText ?? 'code'}: ${displayCode}`);
}
