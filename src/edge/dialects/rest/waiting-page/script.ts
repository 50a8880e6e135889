/**
 * The script of the waiting page: follows the state by server-sent events, else by long polls, and goes back with the
 * result.
 */
export const script = `
const page = document.querySelector('main');
const at = (selector) => page.querySelector(selector);
const here = location.pathname;
let endsAt = performance.now() + Number(page.dataset.seconds) * 1000;
const whole = Number(page.dataset.seconds) || 1;
let isOver = false;

function show(state) {
  if (isOver) return;
  at('[data-text=lost]').hidden = true;
  for (const each of page.querySelectorAll('[data-state]')) each.hidden = each.dataset.state !== state.status;
  endsAt = performance.now() + state.secondsLeft * 1000;
  tick();
  if (!state.returnTo) return;
  isOver = true;
  at('[data-part=open]').hidden = true;
  const back = at('[data-part=back]');
  back.href = state.returnTo;
  back.hidden = false;
  location.replace(state.returnTo);
}

function tick() {
  const left = Math.max(0, Math.ceil((endsAt - performance.now()) / 1000));
  at('[data-part=time]').textContent = Math.floor(left / 60) + ':' + String(left % 60).padStart(2, '0');
  at('[data-part=bar]').style.width = Math.min(100, (100 * left) / whole) + '%';
}

function follow() {
  const events = new EventSource(here + '/events');
  events.addEventListener('challenge', (event) => {
    const state = JSON.parse(event.data);
    show(state);
    if (state.returnTo) events.close();
  });
  events.addEventListener('error', () => {
    if (isOver) return;
    if (events.readyState === EventSource.CLOSED) poll(0);
    else at('[data-text=lost]').hidden = false;
  });
}

async function poll(seconds) {
  if (isOver) return;
  try {
    const reply = await fetch(here + '/state?wait=' + seconds);
    if (reply.status === 404) return location.reload();
    if (!reply.ok) throw new Error(String(reply.status));
    show(await reply.json());
    poll(25);
  } catch {
    at('[data-text=lost]').hidden = false;
    setTimeout(poll, 3000, 0);
  }
}

at('form').addEventListener('submit', (event) => {
  event.preventDefault();
  at('button').disabled = true;
  fetch(here + '/cancel', { method: 'POST', redirect: 'manual' }).catch(() => undefined).finally(() => poll(0));
});
setInterval(tick, 1000);
tick();
follow();
`;
