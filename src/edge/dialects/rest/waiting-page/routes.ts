import type { Context } from 'koa';
import type { Transaction } from '../../../../foundation/model/index.ts';
import { type Handler, holdReply, onDisconnect } from '../../../http/index.ts';
import { sendReply } from '../endpoint.ts';
import { dialect, type RestParts } from '../parts.ts';
import { openStream, statesOf } from '../streams.ts';
import { gonePage, type PageDocument, waitingPage } from './document.ts';
import { pageState } from './state.ts';
import { type Language, languages } from './texts.ts';

const longestWaitSeconds = 60;

/**
 * `GET /wait/:server/:secret`: the page in the user's browser that waits for the phone. When the challenge is over it
 * leads back.
 */
async function showPage(parts: RestParts, ctx: Context): Promise<void> {
  const transaction = await transactionOf(parts, ctx);
  const language = languageOf(ctx);
  if (!transaction?.page) return send(ctx, 404, gonePage(language));
  const state = pageState(parts, transaction);
  if (state.returnTo !== undefined) return redirect(ctx, state.returnTo);
  const returnOrigin = new URL(transaction.page.returnUrl).origin;
  send(ctx, 200, waitingPage(state, { language, address: ctx.path, returnOrigin }));
}

/** `GET /wait/:server/:secret/state?wait=`: the state for the page; with `wait`, after its next change. */
async function showState(parts: RestParts, ctx: Context): Promise<void> {
  const transaction = await transactionOf(parts, ctx);
  if (!transaction) return notFound(ctx);
  const { id } = transaction;
  const known = parts.engine.challenges.statusOf(transaction);
  const seconds = Math.min(longestWaitSeconds, Number(ctx.query.wait) || 0);
  if (seconds <= 0 || pageState(parts, transaction).returnTo !== undefined) return sendState(parts, ctx, transaction);
  const changed = parts.engine.challenges.watchStatus({ id, known, waitMs: seconds * 1000, givenUp: onDisconnect(ctx) });
  holdReply(ctx, changed, async (again, ended) => {
    await ended;
    sendState(parts, again, await parts.engine.challenges.find(id));
  });
}

/** `GET /wait/:server/:secret/events`: the same as server-sent events, until the challenge is over. */
async function followState(parts: RestParts, ctx: Context): Promise<void> {
  const transaction = await transactionOf(parts, ctx);
  if (!transaction) return notFound(ctx);
  const { engine } = parts;
  const show = (each: Transaction) => pageState({ engine }, each);
  const reply = openStream(
    parts,
    { ctx, authServer: transaction.authServer, reader: 'waiting-page' },
    statesOf(parts, transaction.id, { known: -1, show }),
  );
  if (reply !== 'held') sendReply(ctx, reply);
}

/** `POST /wait/:server/:secret/cancel`: the user gives up; an answer that came first counts. */
async function cancelPage(parts: RestParts, ctx: Context): Promise<void> {
  const transaction = await transactionOf(parts, ctx);
  if (!transaction) return notFound(ctx);
  if (pageState(parts, transaction).returnTo === undefined) await parts.engine.challenges.withdraw(transaction, 'user');
  redirect(ctx, ctx.path.replace(/\/cancel$/, ''));
}

function sendState(parts: RestParts, ctx: Context, transaction: Transaction | undefined): void {
  ctx.set('cache-control', 'no-store');
  if (transaction) ctx.body = pageState(parts, transaction);
  else notFound(ctx);
}

function notFound(ctx: Context): void {
  ctx.status = 404;
}

/** The transaction of the secret in the path. An unknown auth server looks like an unknown secret. */
const transactionOf = ({ engine, clientAddress }: RestParts, ctx: Context): Promise<Transaction | undefined> =>
  engine.challenges.findByPage({
    dialect,
    authServer: String(ctx.params.server),
    secret: String(ctx.params.secret),
    source: clientAddress(ctx),
  });

function redirect(ctx: Context, to: string): void {
  ctx.status = 303;
  ctx.set({ location: to, 'referrer-policy': 'no-referrer', 'cache-control': 'no-store' });
  ctx.body = '';
}

function send(ctx: Context, status: number, { html, headers }: PageDocument): void {
  ctx.status = status;
  ctx.set(headers);
  ctx.body = html;
}

function languageOf(ctx: Context): Language {
  const wanted = ctx.acceptsLanguages(Object.keys(languages));
  return wanted === 'de' ? 'de' : 'en';
}

/** The routes of waiting pages, which browsers call; the secret in the path is all that they need. */
export const pageRoutes: readonly Handler<RestParts>[] = [
  { methods: ['GET'], path: '/wait/:server/:secret', needs: 'public', handler: showPage },
  { methods: ['GET'], path: '/wait/:server/:secret/state', needs: 'public', handler: showState },
  { methods: ['GET'], path: '/wait/:server/:secret/events', needs: 'public', handler: followState },
  { methods: ['POST'], path: '/wait/:server/:secret/cancel', needs: 'public', handler: cancelPage },
];
