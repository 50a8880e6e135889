import type { Challenge } from '../../clients/typescript/src/index.ts';

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escaped = (text: string): string => text.replace(/[&<>"]/g, (character) => entities[character] ?? '');

const document = (title: string, body: string): string => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title><link rel="icon" href="data:,">
<style>
body { font: 1.1rem/1.5 system-ui, sans-serif; max-width: 24rem; margin: 4rem auto; padding: 0 1rem; color: #1a2430; background: #fff; }
label { display: block; margin: .75rem 0; } input, button { font: inherit; padding: .5rem .75rem; } input { width: 100%; box-sizing: border-box; }
strong { display: block; font-size: 4rem; }
</style></head><body><h1>${title}</h1>${body}</body></html>`;

/** The pages of the example. */
export const page = {
  login: (message: string): string =>
    document(
      'Example shop',
      `<p role="alert">${escaped(message)}</p><form method="post" action="/login">
<label>User name <input name="user" autocomplete="username" required></label>
<label>Password <input name="password" type="password" autocomplete="current-password" required></label>
<button>Log in</button></form>`,
    ),
  wait: ({ number = '' }: Challenge): string =>
    document(
      'Confirm on your phone',
      `<p>Choose this number on your phone:</p><strong>${escaped(number)}</strong><p role="status">Waiting for your phone.</p><script src="/wait.js"></script>`,
    ),
  welcome: (user: string): string =>
    document(`Welcome, ${escaped(user)}`, '<p>You are logged in.</p><form method="post" action="/logout"><button>Log out</button></form>'),
};

/** Goes on as soon as the phone has answered. */
export const waitScript = `
const events = new EventSource('/events');
events.onmessage = ({ data }) => {
  if (data === 'pending') return;
  events.close();
  location.replace('/finish');
};
`;
