import type { Context } from 'koa';
import { isOver } from '../../../../engine/index.ts';
import type { Challenge, Transaction } from '../../../../foundation/model/index.ts';
import { LinotpFault, type LinotpParams, readLinotpRequest, sendLinotp } from '../../../formats/linotp/index.ts';
import { serverBehind } from '../../../http/index.ts';
import { adminOf } from '../caller.ts';
import { askerFor, type LinotpParts } from '../parts.ts';
import { childId, idOf, parentOf } from '../transaction-ids.ts';
import { selectedTokens } from './selected-tokens.ts';

/**
 * `GET|POST /admin/checkstatus`: the challenges of a transaction, serial or user for administrators: open ones, and
 * with `open=true` a transaction's closed ones, too. Their texts and signatures are left out.
 * @see docs/protocols/linotp.md 10.8
 */
export async function adminCheckStatus(parts: LinotpParts, ctx: Context): Promise<void> {
  const params = await readLinotpRequest(ctx);
  const admin = await adminOf(parts, ctx, 'getchallenges');
  const serials = await serialsOf(parts, params);
  const server = serverBehind(parts, ctx, { mount: parts.mount.path, admin });
  const all = await rowsOf(parts, params, { serials, authServer: server?.name ?? '' });
  const theirs = [...new Set([...(serials ?? []), ...all.map(({ tokenserial }) => tokenserial)])];
  const seen = await parts.engine.admission.serialsOpenTo(askerFor(parts, ctx), admin, 'getchallenges', theirs);
  const found = all.filter(({ tokenserial }) => seen.includes(tokenserial));
  const rows = params.text('open') === 'true' ? found : found.filter(({ session }) => session.status === 'open');
  const named = serials ?? [...new Set(rows.map(({ tokenserial }) => tokenserial))];
  const ofSerial = (serial: string) => rows.filter(({ tokenserial }) => tokenserial === serial).map((row) => [row.transid, row] as const);
  const values = Object.fromEntries(named.map((serial) => [serial, { challenges: Object.fromEntries(ofSerial(serial)) }]));
  sendLinotp(ctx, parts.product, { id: 1, value: { values } });
}

/** The serials that a request names; undefined when it names only a transaction. Throws 77 when it names nothing. */
async function serialsOf(parts: LinotpParts, params: LinotpParams): Promise<string[] | undefined> {
  const serial = params.text('serial');
  if (params.text('user')) return (await selectedTokens(parts, params)).map((token) => token.serial);
  if (serial) return [serial];
  if (transactionNamed(params) !== undefined) return undefined;
  throw new LinotpFault('no-transaction', 'Missing parameter: transactionid, user or serial number!');
}

const transactionNamed = (params: LinotpParams): string | undefined => params.text('transactionid') || params.text('state') || undefined;

type Asked = { serials: readonly string[] | undefined; authServer: string };

async function rowsOf({ engine }: LinotpParts, params: LinotpParams, { serials, authServer }: Asked) {
  const id = transactionNamed(params);
  const one = id === undefined ? undefined : await engine.challenges.findOwnForeign('linotp', authServer, parentOf(id));
  const open = id === undefined ? await Promise.all((serials ?? []).map((serial) => engine.challenges.openOf(serial))) : [];
  const all = new Map([...(one ? [one] : []), ...open.flat()].map((transaction) => [transaction.id, transaction]));
  return [...all.values()].flatMap((transaction) =>
    transaction.decision.challenges
      .filter((challenge) => serials?.includes(challenge.serial) ?? true)
      .map((challenge) => rowOf(transaction, challenge, engine.clock()))
      .filter(({ transid }) => id === undefined || id === transid || id === idOf(transaction)),
  );
}

function rowOf(transaction: Transaction, challenge: Challenge, now: number) {
  const { state, answerUntil } = transaction.decision;
  const isOpen = state === 'open' && challenge.state === 'pending' && now < answerUntil && !isOver(transaction, now);
  return {
    id: 0,
    transid: childId(transaction, challenge),
    challenge: '',
    tokenserial: challenge.serial,
    data: '',
    timestamp: new Date(transaction.createdAt).toISOString().slice(0, 19).replace('T', ' '),
    received_tan: challenge.state !== 'pending',
    valid_tan: challenge.state === 'accepted',
    session: { status: isOpen ? 'open' : 'closed', ...(verdicts[challenge.state] ?? {}) },
  };
}

const verdicts: Partial<Record<Challenge['state'], { accept: true } | { reject: true }>> = {
  accepted: { accept: true },
  declined: { reject: true },
};
