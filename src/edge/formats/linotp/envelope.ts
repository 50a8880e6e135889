import type { Context } from 'koa';
import { GatewayFault, NotNow, Overloaded } from '../../../foundation/model/index.ts';
import { reasonPhrase } from '../../../foundation/wire/index.ts';
import type { FallbackReplies } from '../../http/index.ts';
import { asLinotpFault, errorCodes, LinotpFault } from './errors.ts';

/**
 * The emulated LinOTP: the version in the envelope (2.x has no `versionNumber`), and the error codes to which
 * `httperror` applies; all when absent.
 */
export type LinotpProduct = { version: string; httpErrorCodes?: readonly number[] };

/** A reply. `status`: the request was processed; `value`: the result. An absent or empty `detail` is left out. */
export type LinotpReply = { id: 0 | 1; status?: boolean; value: unknown; detail?: Readonly<Record<string, unknown>> | undefined };

/** An endpoint's reply to an internal error: an ordinary reply or a text. */
export type LinotpFailure = LinotpReply | { text: string };

/** This format's notes about a request. */
const linotpStateOf = (ctx: Context): { linotpFailure?: LinotpFailure; linotpHttpError?: number } => ctx.state;

/** Sends a reply. @see docs/protocols/linotp.md 1 */
export function sendLinotp(ctx: Context, product: LinotpProduct, { id, status = true, value, detail }: LinotpReply): void {
  const hasDetail = detail !== undefined && Object.keys(detail).length > 0;
  send(ctx, { jsonrpc, result: { status, value }, ...versionOf(product), id, detail: hasDetail ? detail : undefined });
}

/** Sends a text, as `simplecheck` does. */
export function sendLinotpText(ctx: Context, text: string): void {
  ctx.status = 200;
  ctx.set('content-type', 'text/html; charset=utf-8');
  ctx.body = text;
}

/**
 * Sets the reply of this request in case of an error: endpoints below `/validate` report no errors and give no reasons.
 * Call it before anything can fail.
 */
export function failsWith(ctx: Context, failure: LinotpFailure): void {
  linotpStateOf(ctx).linotpFailure = failure;
}

/** Applies a request's `httperror`: an error is sent as a page with this HTTP status, or 500 for an invalid value. */
export function errorsAsHttp(ctx: Context, status: string | undefined): void {
  if (status !== undefined) linotpStateOf(ctx).linotpHttpError = /^(?:200|[45]\d\d)$/.test(status) ? Number(status) : 500;
}

/** Replies for unmatched routes and thrown errors. */
export function linotpFallback(product: LinotpProduct): FallbackReplies {
  return {
    notFound(ctx) {
      ctx.status = 404;
      ctx.body = { error: 'Not found' };
    },
    methodNotAllowed(ctx) {
      ctx.status = 405;
      ctx.body = { error: `Method ${ctx.method} is not allowed here.` };
    },
    error(ctx, thrown) {
      const error = asLinotpFault(thrown);
      const { linotpFailure: failure } = linotpStateOf(ctx);
      if (failure) sendFailure(ctx, product, failure);
      else sendError(ctx, product, error);
      // LinOTP has no reply for "not now", so the HTTP status says it: a refusal would mean a finished login or a wrong
      // password.
      if (thrown instanceof NotNow && ctx.status === 200) ctx.status = thrown instanceof Overloaded ? 503 : 429;
      if (error instanceof LinotpFault) {
        // LinOTP's web server would have refused such a client itself.
        if (error.kind === 'certificate') ctx.status = 401;
        return false;
      }
      // A client that only looks at the status must not mistake a broken gateway for a refusal.
      if (failure || ctx.status === 200) ctx.status = error instanceof GatewayFault ? 503 : 500;
      return true;
    },
  };
}

function sendFailure(ctx: Context, product: LinotpProduct, failure: LinotpFailure): void {
  if ('text' in failure) sendLinotpText(ctx, failure.text);
  else sendLinotp(ctx, product, failure);
}

const texts = {
  'store-unavailable': 'Store unavailable',
  'directory-unavailable': 'Directory unavailable',
  'config-invalid': 'Server misconfigured',
  defect: 'Internal error',
};

function sendError(ctx: Context, product: LinotpProduct, error: unknown): void {
  const fault = error instanceof GatewayFault ? error.code : 'defect';
  const isOurs = error instanceof LinotpFault;
  const { code, prefixed } = errorCodes[isOurs ? error.kind : fault];
  const text = isOurs ? error.message : texts[fault];
  const message = prefixed ? `ERR${code}: ${text}` : text;
  const { linotpHttpError: asHttp } = linotpStateOf(ctx);
  const isPage = asHttp !== undefined && (product.httpErrorCodes?.includes(code) ?? true);
  if (!isPage) send(ctx, { jsonrpc, result: { status: false, error: { code, message } }, ...versionOf(product), id: 1 });
  else sendPage(ctx, product, { status: asHttp, code, message });
}

/** LinOTP's error page; the duplicate status in its title is as recorded. */
function sendPage(
  ctx: Context,
  { version }: LinotpProduct,
  { status, code, message }: { status: number; code: number; message: string },
): void {
  const title = `${status} ${status} ${reasonPhrase(status) ?? 'Error'}`;
  const text = `[LinOTP ${version}] ${code}: ${escaped(message)}`;
  const head = `\n<html>\n<head>\n<title>${title}</title>\n</head>\n`;
  ctx.status = status;
  ctx.set('content-type', 'text/html; charset=utf-8');
  ctx.body = `${head}<body>\n<h1>${title}</h1>\n${text}\n<br>\n<br>\n</body>\n</html>\n`;
}

const jsonrpc = '2.0802';

const versionOf = ({ version }: LinotpProduct) => ({
  version: `LinOTP ${version}`,
  versionNumber: version.startsWith('2.') ? undefined : version,
});

/** ASCII, indented by three, as LinOTP sends it. */
function send(ctx: Context, body: object): void {
  ctx.status = 200;
  ctx.set('content-type', 'application/json');
  const text = JSON.stringify(body, null, 3);
  ctx.body = text.replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };
const escaped = (text: string): string => text.replace(/[&<>]/g, (character) => entities[character] ?? '');
