import type { Context } from 'koa';
import type { AuditLine, AuditQuery } from '../../../engine/index.ts';
import { auditKinds, record } from '../../../foundation/model/index.ts';
import { type PiParams, type PiProduct, readPiRequest, sendPi } from '../../formats/privacyidea/index.ts';
import { adminOf } from './caller.ts';
import type { PrivacyideaParts } from './parts.ts';
import { demandEmpty } from './subject.ts';
import { neighbours, pageOf } from './tokens/paging.ts';

/** The columns of privacyIDEA's audit, in its order. */
const columns = [
  'number',
  'date',
  'sig_check',
  'missing_line',
  'action',
  'success',
  'serial',
  'token_type',
  'user',
  'realm',
  'resolver',
  'administrator',
  'action_detail',
  'info',
  'privacyidea_server',
  'policies',
  'client',
  'log_level',
  'clearance_level',
  'startdate',
  'duration',
  'thread_id',
] as const;
type Row = Record<(typeof columns)[number], string | number | null>;

/** eduMFA names the server's column differently. */
const columnAt = (name: string, { flavour }: PiProduct): string =>
  name === 'privacyidea_server' && flavour === 'edumfa' ? 'edumfa_server' : name;

/** The maximum of rows per page: each row is verified together with its neighbours. */
const mostRows = 100;

/**
 * `GET /audit/`: the audit in pages. Answers, logins and acts are named after privacyIDEA's calls.
 * @see docs/protocols/privacyidea.md 10
 */
export async function auditList(parts: PrivacyideaParts, ctx: Context): Promise<void> {
  const params = await readPiRequest(ctx, parts.product);
  await adminOf(parts, ctx, 'auditlog');
  const { audit } = parts.engine;
  const query = auditQueryOf(params);
  const page = pageOf(params, { name: 'page_size', most: mostRows });
  // Without a query nothing can match.
  const count = query ? await audit.count(query) : 0;
  const wish = { limit: page.limit, offset: page.offset, ascending: params.text('sortorder')?.toLowerCase() === 'asc' };
  const found = query ? await audit.list(query, wish) : undefined;
  const lines = found?.ok ? found.value.lines : [];
  const auditdata = await Promise.all(lines.map(async (line) => rowOf(line, await audit.lookAround(line), parts.product)));
  const value = {
    auditcolumns: columns.map((name) => columnAt(name, parts.product)),
    auditdata,
    count,
    current: page.number,
    ...neighbours(page, count),
  };
  sendPi(ctx, parts.product, { id: 1, value });
}

const notHere = Object.fromEntries(
  columns
    .filter((name) => !['number', 'serial', 'user', 'realm', 'administrator', 'action'].includes(name))
    .map((name) => [name, `This gateway does not search in ${name}`]),
);

/**
 * The query of a list request; undefined when nothing can match. `*` stands for any text, and alone means no filter.
 * Throws 905 for an unsupported filter.
 */
export function auditQueryOf(params: PiParams): AuditQuery | undefined {
  const wish = (name: string): string | undefined => {
    const text = params.text(name)?.replace(/^\*+|\*+$/g, '');
    return text === '' ? undefined : text;
  };
  demandEmpty({ ...params, text: wish }, notHere);
  const [user, realm, action] = [wish('user'), wish('realm'), wish('action')];
  if (realm !== undefined && user === undefined)
    demandEmpty({ ...params, text: wish }, { realm: 'This gateway lists by realm only with a user' });
  const called = action === undefined ? {} : kindsAndActsOf(action);
  if (!called) return undefined;
  return { user, realm, administrator: wish('administrator'), serial: wish('serial'), ...called };
}

/**
 * The kinds and acts behind privacyIDEA's name of a call, or our own; undefined when there are none. Acts are
 * distinguished only for push token administration.
 */
function kindsAndActsOf(action: string): Pick<AuditQuery, 'kinds' | 'acts'> | undefined {
  const matches = (text: string): boolean => text.includes(action);
  const kinds = auditKinds.filter((kind) => matches(kind) || (kind !== ofTokens && matches(actionOf(kind, ''))));
  if (kinds.length > 0) return { kinds };
  const acts = Object.keys(tokenCalls).filter((act) => matches(tokenCalls[act] ?? ''));
  return acts.length > 0 ? { kinds: [ofTokens], acts } : undefined;
}

const ofTokens = 'token-administered';

const success: Readonly<Record<string, boolean>> = {
  'login-refused': false,
  'result-undelivered': false,
  'administrator-refused': false,
  'configuration-refused': false,
  'tls-refused': false,
  'connections-refused': false,
  'overload-began': false,
  'source-limited': false,
  'provider-out-of-use': false,
  'store-lost': false,
  'message-dead': false,
};

function rowOf(
  line: AuditLine,
  { isSound, hasNeighbours }: { isSound: boolean; hasNeighbours: boolean },
  product: PiProduct,
): Readonly<Record<string, Row[keyof Row]>> {
  const { kind, fields = {} } = line;
  const origin = { ...record(fields.origin), ...record(fields.by) };
  const date = new Date(line.at).toISOString().replace('Z', '');
  const serials = Array.isArray(fields.serials) ? fields.serials.join(',') : fields.serial;
  const detail = fields.reason ?? fields.verdict ?? fields.act ?? null;
  const isDeclined = fields.verdict === 'declined' || fields.verdict === 'locked' || fields.sent === false;
  const row: Row = {
    number: line.number,
    date,
    sig_check: isSound ? 'OK' : 'FAIL',
    missing_line: hasNeighbours ? 'OK' : 'FAIL',
    action: actionOf(kind, String(fields.act ?? '')),
    success: Number(success[kind] ?? !isDeclined),
    serial: text(serials),
    token_type: serials === undefined ? null : 'push',
    user: text(fields.user),
    realm: text(fields.realm),
    resolver: null,
    administrator: text(origin.administrator ?? fields.administrator),
    action_detail: text(detail),
    info: `${kind} ${line.id}`,
    privacyidea_server: product.name,
    policies: text(fields.rule),
    client: text(origin.client ?? fields.client),
    log_level: 'INFO',
    clearance_level: 'default',
    startdate: date,
    duration: null,
    thread_id: null,
  };
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [columnAt(name, product), value]));
}

const text = (value: unknown): string | null => (value === undefined || value === null || value === '' ? null : String(value));

/** privacyIDEA's name of the call, else our kind. */
function actionOf(kind: string, act: string): string {
  switch (kind) {
    case 'login-started':
    case 'login-joined':
    case 'login-refused':
    case 'login-passed-on':
    case 'login-finished':
      return 'POST /validate/check';
    case 'challenge-answered':
    case 'phone-enrolled':
    case 'address-told':
      return 'POST /ttype/push';
    case 'administrator-logged-in':
    case 'administrator-refused':
      return 'POST /auth';
    case 'administrator-logged-out':
      return 'DELETE /auth';
    case 'challenge-cancelled':
      return 'DELETE /token/challenges/transaction/<transaction_id>';
    case 'expired-deleted':
      return 'DELETE /token/challenges/expired';
    case 'token-administered':
      return tokenCalls[act] ?? 'POST /token/';
    default:
      return kind;
  }
}

const tokenCalls: Readonly<Record<string, string>> = {
  offer: 'POST /token/init',
  renew: 'POST /token/init',
  enable: 'POST /token/enable',
  disable: 'POST /token/disable',
  'set-pin': 'POST /token/setpin',
  'set-fields': 'POST /token/set',
  reset: 'POST /token/reset',
  revoke: 'POST /token/revoke',
  delete: 'DELETE /token/',
  assign: 'POST /token/assign',
  unassign: 'POST /token/unassign',
  note: 'POST /token/info',
};
