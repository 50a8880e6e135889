/** The style of the waiting page. */
export const style = `
:root { color-scheme: light dark; --ink: #16202b; --quiet: #4d5b69; --paper: #f6f8fa; --card: #fff; --edge: #c9d2da; --strong: #0b5cad; }
@media (prefers-color-scheme: dark) { :root { --ink: #eef3f7; --quiet: #a9b8c6; --paper: #10171e; --card: #1a242e; --edge: #3a4958; --strong: #6cb4ff; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1rem; font: 1.0625rem/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); }
main { width: 100%; max-width: 26rem; padding: 2rem 1.75rem; text-align: center; background: var(--card); border: 1px solid var(--edge); border-radius: .75rem; }
h1 { margin: 0 0 .5rem; font-size: 1.375rem; line-height: 1.3; }
p { margin: .5rem 0; } .quiet { color: var(--quiet); }
.number { display: block; margin: .25rem 0 1rem; font-size: 4.5rem; font-weight: 700; line-height: 1.1; font-variant-numeric: tabular-nums; color: var(--strong); }
.bar { height: .375rem; margin: 1rem 0 .25rem; overflow: hidden; background: var(--edge); border-radius: .25rem; }
.bar span { display: block; height: 100%; background: var(--strong); }
button, a.button { display: inline-block; margin-top: 1rem; padding: .6rem 1.5rem; font: inherit; color: var(--ink); background: transparent; border: 1px solid var(--quiet); border-radius: .5rem; text-decoration: none; cursor: pointer; }
button:focus-visible, a:focus-visible { outline: 3px solid var(--strong); outline-offset: 2px; }
[hidden] { display: none !important; }
`;
