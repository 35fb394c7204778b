// What pages of the dashboard do beyond their forms and links. All of it works without, but for
// copying and keys: so their buttons come hidden. Menus, and what closes dialogs, are the browser's own.
'use strict';

// Back shows a page as it is now, and none to whoever has signed out.
addEventListener('pageshow', (event) => { if (event.persisted) location.reload(); });
document.querySelector('nav [aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'center' });  // on a phone
document.querySelector('nav')?.addEventListener('focusin', (event) => event.target.scrollIntoView({ block: 'nearest', inline: 'nearest' }));
document.querySelector('[data-shown]')?.click();  // a menu in which something is wrong

// What is sent is sent once, however often somebody presses while the answer is on its way.
const WAIT = 10_000;  // milliseconds; then it may be sent again: the answer may be lost
document.addEventListener('submit', (event) => {
  const form = event.target;
  if (form.method !== 'post') return;
  if ('dismiss' in form.dataset) {
    event.preventDefault();  // the page stays as it is
    form.parentElement.remove();
    const body = new URLSearchParams(new FormData(form));
    fetch(form.action, { method: 'POST', body, redirect: 'manual', keepalive: true });
  } else if (form.ariaBusy) event.preventDefault();
  else {
    form.ariaBusy = 'true';
    setTimeout(() => { form.ariaBusy = null; }, WAIT);
  }
});

for (const button of document.querySelectorAll('[data-copy], [data-open]')) button.hidden = false;

document.addEventListener('click', async (event) => {
  const name = event.target.closest('[data-add]');
  if (name && !event.ctrlKey && !event.metaKey) {  // into the form as it is, in place of a new one
    event.preventDefault();
    const names = document.getElementById('to');
    names.value = names.value.replace(/[^\n]$/, '$&\n') + name.dataset.add + '\n';
  }
  const button = event.target.closest('button');
  if (button?.dataset.open) {
    event.preventDefault();  // without a script the button leads to a page
    button.closest('dialog')?.close();
    show(button.dataset.open);
  } else if (button?.dataset.copy) {
    const field = document.getElementById(button.dataset.copy);
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
      button.textContent = 'Copied';
    } catch {  // by plain HTTP there is no clipboard: it is selected, Ctrl-C does the rest
      button.textContent = 'Press Ctrl C';
    }
  }
});

// A part of a page that does not come, or comes without what is shown of it, leaves the page as it is.
const missing = document.createElement('p');
missing.className = 'problem missing';
missing.role = 'alert';
function tell({ request, target }) {
  const again = document.createElement('a');
  again.href = request.action;  // a page by itself, which says more
  again.textContent = 'Try again';
  missing.replaceChildren('This could not be loaded. ', again);
  target.before(missing);
}
document.addEventListener('htmx:before:swap', (event) => {
  const { ctx, tasks } = event.detail;
  missing.remove();
  if (ctx.response.status < 400) return;
  if (ctx.select && tasks.some(({ fragment }) => fragment.querySelector(ctx.select))) return;
  event.preventDefault();
  tell(ctx);
});
document.addEventListener('htmx:error', ({ detail: { ctx } }) => { if (ctx) tell(ctx); });

// Dialogs. The browser closes them by Escape, and gives the focus back.
const palette = document.getElementById('palette');
const typed = palette?.querySelector('input');

function show(id) {
  document.getElementById(id).showModal();
  if (id === 'palette') {
    typed.select();
    htmx.trigger(typed.form, 'open');
  }
}

// The palette: arrows choose one of what is found, while the field keeps the focus.
function choose(option) {
  for (const other of palette.querySelectorAll('[role="option"]')) other.ariaSelected = other === option;
  option?.scrollIntoView({ block: 'nearest' });
  typed.setAttribute('aria-activedescendant', option?.id ?? '');
  typed.ariaExpanded = !!option;
}
palette?.addEventListener('input', () => choose());  // what stands there is not of this text
palette?.addEventListener('htmx:after:swap', () => choose(palette.querySelector('[role="option"]')));
palette?.addEventListener('keydown', (event) => {
  if (event.target !== typed || event.isComposing) return;
  const options = [...palette.querySelectorAll('[role="option"]')];
  const chosen = options.findIndex((option) => option.ariaSelected === 'true');
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) {
    event.preventDefault();
    choose(options.at(chosen < 0 ? 0 : (chosen + step) % options.length));
  } else if (event.key === 'Enter' && chosen >= 0) {  // else the form goes to the page of what is found
    event.preventDefault();
    options[chosen].click();
  }
});
palette?.addEventListener('click', (event) => {
  if (event.target.closest('[role="option"]')) palette.close();  // it may lead to a place on this page
});

// Keys. Those without Ctrl can be switched off (WCAG 2.1.4), and are none while somebody types.
const IN_A_ROW = 1500;  // milliseconds
const letters = document.querySelector('[data-letters]');
let pressed = -IN_A_ROW;  // when g was
if (letters) {
  letters.checked = localStorage.getItem('letters') !== 'off';
  letters.addEventListener('change', () => localStorage.setItem('letters', letters.checked ? 'on' : 'off'));
}

document.addEventListener('keydown', (event) => {
  const control = event.ctrlKey || event.metaKey;
  if (palette && control && !event.altKey && !event.shiftKey && event.key.toLowerCase() === 'k') {
    event.preventDefault();
    show('palette');
  } else if (letters?.checked && !control && !event.altKey && !event.repeat
      && !event.target.closest?.('input, select, textarea') && !document.querySelector(':modal')) {
    letter(event);
  }
});

function letter(event) {
  const key = (event.timeStamp - pressed < IN_A_ROW ? 'g ' : '') + event.key;
  pressed = key === 'g' ? event.timeStamp : -IN_A_ROW;
  const links = [...document.querySelectorAll('nav [data-key]')];
  if (key === '?') show('shortcuts');
  else if (key === 'n') location.assign('/dashboard/send');
  else if (key === '/') {
    event.preventDefault();  // it would be typed
    const search = document.querySelector('main [type="search"]');
    if (search) {
      search.focus();
      search.select();
    } else show('palette');
  } else links.find((link) => link.dataset.key === key)?.click();
}
