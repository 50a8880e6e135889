import { createHash } from 'node:crypto';
import type { Context } from 'koa';
import type { LinotpParts } from '../parts.ts';

const style = `
body { font: 16px/1.5 system-ui, sans-serif; max-width: 42rem; margin: 2rem auto; padding: 0 1rem; color: #1c2733; background: #fff; }
h1 { font-size: 1.4rem; } fieldset { border: 1px solid #c5ccd3; border-radius: 6px; margin: 0 0 1.5rem; padding: 1rem; }
label { display: block; margin: .5rem 0; } input { font: inherit; width: 100%; box-sizing: border-box; padding: .4rem; }
button { font: inherit; padding: .4rem 1.2rem; } pre { background: #f3f5f7; padding: 1rem; overflow: auto; white-space: pre-wrap; }
`;

const script = `
const form = document.querySelector('form');
const field = (name) => form.elements[name].value;
async function ask(path, fields) {
  const out = document.querySelector('pre');
  try {
    const reply = await fetch(path, { method: 'POST', body: new URLSearchParams(fields) });
    const text = await reply.text();
    out.textContent = text;
    return JSON.parse(text);
  } catch (error) {
    out.textContent = 'No answer: ' + error.message;
    return {};
  }
}
const who = () => ({ user: field('user'), pass: field('pin') });
form.addEventListener('submit', async (event) => {
  event.preventDefault();
  const { detail } = await ask('../validate/check', { ...who(), data: field('data'), content_type: '0' });
  if (detail && detail.transactionid) form.elements.transactionid.value = detail.transactionid;
});
document.querySelector('#status').addEventListener('click', () => ask('../validate/check_status', { ...who(), transactionid: field('transactionid') }));
`;

const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Push token test</title>
<style>${style}</style>
</head>
<body>
<h1>Try a push token</h1>
<form>
<fieldset>
<legend>Create a challenge</legend>
<label>User <input name="user" autocomplete="username" required></label>
<label>PIN <input name="pin" type="password" autocomplete="off"></label>
<label>Data, as the phone shows it <input name="data" value="Test of the push token"></label>
<button type="submit">Send to the phone</button>
</fieldset>
<fieldset>
<legend>Check its status</legend>
<label>Transaction <input name="transactionid"></label>
<button type="button" id="status">Check</button>
</fieldset>
</form>
<pre aria-live="polite">The reply of the gateway stands here.</pre>
<script>${script}</script>
</body>
</html>
`;

const hashOf = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
const securityPolicy = `default-src 'none'; connect-src 'self'; script-src ${hashOf(script)}; style-src ${hashOf(style)}; form-action 'none'; frame-ancestors 'none'; base-uri 'none'`;

/**
 * `GET /auth/pushtoken`: a page that makes a challenge for a user and polls its status. Its calls are recognised by
 * network like any others.
 */
export async function testPage(_parts: LinotpParts, ctx: Context): Promise<void> {
  ctx.set({ 'content-security-policy': securityPolicy, 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' });
  ctx.type = 'text/html; charset=utf-8';
  ctx.body = page;
}
