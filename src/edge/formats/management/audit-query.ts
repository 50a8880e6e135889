import type { AuditLine, AuditPage, AuditQuery } from '../../../engine/index.ts';
import { auditKinds, nearestName, ok, type Result, refused } from '../../../foundation/model/index.ts';

/** The filters of an audit query, as parameters and as command-line options. */
export const auditParams = [
  'user',
  'realm',
  'administrator',
  'serial',
  'transaction',
  'authServer',
  'kind',
  'act',
  'from',
  'until',
  'limit',
  'cursor',
] as const;
/** Values of some filters. */
export type AuditParams = { [P in (typeof auditParams)[number]]?: string | undefined };

const usualLimit = 100;
const mostAtOnce = 1000;
const ago = /^(\d{1,5})([mhd])$/;
/** A time requires its time zone. A date alone means midnight UTC. */
const isoTime = /^(\d{4}-\d{2}-\d{2})(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2}))?$/;
const unitMs = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Why a parameter of an audit query is refused: its name, and one sentence. */
export type AuditParamRefusal = { param: keyof AuditParams; why: string };

const wrong = (param: keyof AuditParams, why: string): Result<never, AuditParamRefusal> => refused({ param, why });

/** Parses an audit query. Times are ISO 8601, or a duration before now: `90m`, `12h`, `7d`. */
export function readAuditParams(params: AuditParams, now: number): Result<{ query: AuditQuery; wish: AuditPage }, AuditParamRefusal> {
  const { user, realm, administrator, serial, transaction, authServer, kind, act, from, until, limit, cursor } = params;
  if (realm !== undefined && user === undefined) return wrong('realm', 'realm narrows user; give both.');
  const [kinds, acts] = [kind, act].map((list) => list?.split(',').map((each) => each.trim()));
  const unknown = kinds?.find((each) => !auditKinds.includes(each));
  if (unknown !== undefined) return wrong('kind', noSuchKind(unknown));
  const [begin, end] = [timeOf(from, now), timeOf(until, now)];
  for (const [name, time] of [['from', begin] as const, ['until', end] as const])
    if (Number.isNaN(time))
      return wrong(name, `${name} is not a time; write 2026-11-30, 2026-11-30T08:00:00Z, or 90m, 12h, 7d for a time before now.`);
  if (begin !== undefined && end !== undefined && begin >= end) return wrong('from', 'from has to be before until.');
  const most = limit === undefined ? usualLimit : Number(limit);
  if (!Number.isInteger(most) || most < 1 || most > mostAtOnce) return wrong('limit', `limit is a number from 1 to ${mostAtOnce}.`);
  const query = { user, realm, administrator, serial, transaction, authServer, kinds, acts, from: begin, until: end };
  return ok({ query, wish: { limit: most, cursor } });
}

function noSuchKind(kind: string): string {
  const near = nearestName(kind, auditKinds);
  return near
    ? `There is no kind ${JSON.stringify(kind)}; did you mean ${near}?`
    : `There is no kind ${JSON.stringify(kind)}. There are: ${auditKinds.join(', ')}.`;
}

/**
 * A moment (epoch ms) as people write it: ISO 8601, or a duration before now (`90m`, `12h`, `7d`). Undefined without a
 * text, NaN for an invalid time.
 */
export function timeOf(text: string | undefined, now: number): number | undefined {
  if (text === undefined) return undefined;
  const [, count, unit] = ago.exec(text) ?? [];
  if (count !== undefined && (unit === 'm' || unit === 'h' || unit === 'd')) return now - Number(count) * unitMs[unit];
  const [, day] = isoTime.exec(text) ?? [];
  // Date.parse would accept a day that does not exist.
  const isDay = day !== undefined && !Number.isNaN(Date.parse(day)) && new Date(day).toISOString().startsWith(day);
  return isDay ? Date.parse(text) : Number.NaN;
}

/** The refusal of a cursor from another query. */
export const strangeCursor = 'The cursor belongs to another query; start again without it.';

/** An entry for operators. After its retention time only its place in the chain is left. */
export const shownEntry = ({ id, at, kind, writer, number, hash, fields }: AuditLine) => ({
  id,
  at: new Date(at).toISOString(),
  kind,
  ...(fields ?? { expired: true }),
  chain: { writer, number, hash },
});
