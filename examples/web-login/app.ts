import { randomBytes } from 'node:crypto';
import { PassThrough } from 'node:stream';
import Koa, { type Context } from 'koa';
import { type Challenge, Problem, type Pushgate } from '../../clients/typescript/src/index.ts';
import { page, waitScript } from './pages.ts';

/** What the app knows of a browser. `binding` ties a challenge to it; `user` is set once both factors are proved. */
type Session = { binding: string; user?: string; challenge?: Challenge };

/** What the application works with. `passwords` stands in for its own users. */
type Shop = { pushgate: Pushgate; passwords: ReadonlyMap<string, string>; sessions: Map<string, Session> };

/** A web application with a login in two steps: the password here, then the phone through pushgate. */
export function openWebLogin(pushgate: Pushgate, passwords: ReadonlyMap<string, string>): Koa {
  const shop: Shop = { pushgate, passwords, sessions: new Map() };
  const app = new Koa();
  app.use(async (ctx) => {
    const session = sessionOf(shop, ctx);
    switch (`${ctx.method} ${ctx.path}`) {
      case 'GET /':
        return show(ctx, session.user === undefined ? page.login('') : page.welcome(session.user));
      case 'POST /login':
        return logIn(shop, ctx, session);
      case 'GET /wait':
        return session.challenge ? show(ctx, page.wait(session.challenge)) : ctx.redirect('/');
      case 'GET /wait.js':
        ctx.type = 'text/javascript';
        ctx.body = waitScript;
        return;
      case 'GET /events':
        return follow(shop, ctx, session);
      case 'GET /finish':
        return finish(shop, ctx, session);
      case 'POST /logout':
        delete session.user;
        return ctx.redirect('/');
      default:
        ctx.status = 404;
    }
  });
  return app;
}

function sessionOf({ sessions }: Shop, ctx: Context): Session {
  const known = sessions.get(ctx.cookies.get('session') ?? '');
  if (known) return known;
  const [id, session] = [randomBytes(16).toString('hex'), { binding: randomBytes(16).toString('hex') }];
  sessions.set(id, session);
  ctx.cookies.set('session', id, { httpOnly: true, sameSite: 'lax' });
  return session;
}

/** Checks the password and asks the phone. A challenge that cannot be made is told, such as for a user without a phone. */
async function logIn({ pushgate, passwords }: Shop, ctx: Context, session: Session): Promise<void> {
  const form = new URLSearchParams(await bodyOf(ctx));
  const user = form.get('user') ?? '';
  if (passwords.get(user) === undefined || passwords.get(user) !== form.get('password'))
    return show(ctx, page.login('Wrong user name or password.'));
  try {
    session.challenge = await pushgate.createChallenge({
      user,
      title: 'Example shop',
      text: 'Do you want to log in to the shop?',
      context: { From: ctx.ip },
      binding: session.binding,
    });
    ctx.redirect('/wait');
  } catch (error) {
    showRefusal(ctx, error);
  }
}

/** Tells the browser each state of its challenge, as server-sent events. */
function follow({ pushgate }: Shop, ctx: Context, { challenge }: Session): void {
  const stream = new PassThrough();
  const gone = new AbortController();
  ctx.req.once('close', () => gone.abort());
  ctx.set({ 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  ctx.body = stream;
  const tell = async (): Promise<void> => {
    for await (const { status } of pushgate.watchChallenge(challenge?.id ?? '', { signal: gone.signal }))
      stream.write(`data: ${status}\n\n`);
  };
  tell()
    .catch((error: unknown) => gone.signal.aborted || stream.write(`data: failed\n\n`) || console.error(error))
    .finally(() => stream.end());
}

/** The user is logged in only if the gateway hands out the approval, which it does once, for this session. */
async function finish({ pushgate }: Shop, ctx: Context, session: Session): Promise<void> {
  try {
    const { user } = await pushgate.consumeChallenge(session.challenge?.id ?? '', { binding: session.binding });
    session.user = user;
    session.binding = randomBytes(16).toString('hex');
    ctx.redirect('/');
  } catch (error) {
    showRefusal(ctx, error);
  }
}

function showRefusal(ctx: Context, error: unknown): void {
  if (!(error instanceof Problem)) throw error;
  show(ctx, page.login(`Not logged in: ${error.message}`));
}

function show(ctx: Context, html: string): void {
  ctx.set({
    'content-security-policy': "default-src 'self'; img-src data:; style-src 'unsafe-inline'; frame-ancestors 'none'",
    'cache-control': 'no-store',
  });
  ctx.type = 'html';
  ctx.body = html;
}

async function bodyOf(ctx: Context): Promise<string> {
  let body = '';
  for await (const chunk of ctx.req.setEncoding('utf8')) if (body.length < 4096) body += chunk;
  return body;
}
