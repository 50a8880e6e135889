import { createHash } from 'node:crypto';
import { script } from './script.ts';
import type { PageState } from './state.ts';
import { style } from './style.ts';
import { type Language, languages, type PageTexts } from './texts.ts';

/** A document for a browser: its HTML and its headers. */
export type PageDocument = { html: string; headers: Record<string, string> };

const states = [
  'pending',
  'code_shown',
  'accepted',
  'consumed',
  'declined',
  'locked',
  'withdrawn',
  'expired',
] as const satisfies (keyof PageTexts)[];

/** The waiting page. `address` is its own path, `returnOrigin` where its form may lead. */
export function waitingPage(
  state: PageState,
  { language, address, returnOrigin }: { language: Language; address: string; returnOrigin: string },
): PageDocument {
  const texts = languages[language];
  const number =
    state.number === undefined
      ? ''
      : `<p id="number">${texts.number}</p><strong class="number" aria-describedby="number">${escaped(state.number)}</strong>`;
  const lines = states.map((each) => `<span data-state="${each}"${each === state.status ? '' : ' hidden'}>${texts[each]}</span>`).join('');
  const body = `<main data-seconds="${state.secondsLeft}">
<h1>${texts.title}</h1>
<p class="quiet">${texts.lead}</p>
<div data-part="open">
${number}
<div class="bar" aria-hidden="true"><span data-part="bar"></span></div>
<p class="quiet">${texts.left} <span role="timer" data-part="time">${minutesOf(state.secondsLeft)}</span></p>
<form method="post" action="${escaped(address)}/cancel"><button>${texts.cancel}</button></form>
</div>
<p role="status">${lines}</p>
<p role="alert" data-text="lost" hidden>${texts.lost}</p>
<a class="button" data-part="back" hidden>${texts.back}</a>
</main>
<script>${script}</script>`;
  const policy = `default-src 'none'; img-src data:; connect-src 'self'; script-src ${hashOf(script)}; style-src ${hashOf(style)}; form-action 'self' ${returnOrigin}; frame-ancestors 'none'; base-uri 'none'`;
  return {
    html: documentOf(language, texts.title, { head: '<noscript><meta http-equiv="refresh" content="5"></noscript>', body }),
    headers: headersWith(policy),
  };
}

/** The page for an address without a challenge. */
export function gonePage(language: Language): PageDocument {
  const texts = languages[language];
  const body = `<main>\n<h1>${texts.gone}</h1>\n<p class="quiet">${texts.goneLead}</p>\n</main>`;
  const policy = `default-src 'none'; img-src data:; style-src ${hashOf(style)}; form-action 'none'; frame-ancestors 'none'; base-uri 'none'`;
  return { html: documentOf(language, texts.gone, { head: '', body }), headers: headersWith(policy) };
}

const documentOf = (language: Language, title: string, { head, body }: { head: string; body: string }): string => `<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${title}</title>
<link rel="icon" href="data:,">
${head}
<style>${style}</style>
</head>
<body>
${body}
</body>
</html>
`;

const headersWith = (policy: string): Record<string, string> => ({
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': policy,
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-robots-tag': 'noindex',
  'cache-control': 'no-store',
});

/** Seconds as `m:ss`. */
const minutesOf = (seconds: number): string => `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;

const hashOf = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escaped = (text: string): string => text.replace(/[&<>"']/g, (character) => entities[character] ?? '');
