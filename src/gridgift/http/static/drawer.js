// On a wide screen a card opens above its list, at the card's own address. Back closes it, and so does
// whatever closes a dialog, which goes back then.
'use strict';

const drawer = document.getElementById('drawer');
const wide = matchMedia('(min-width: 1100px)');
const title = document.title;
let list = location.pathname + location.search;
let link;  // what opened the card that is shown

async function openCard(address) {
  const card = drawer.querySelector('div');
  card.replaceChildren();
  await htmx.ajax('GET', address, { source: drawer, target: card, swap: 'innerHTML' });
  if (!card.firstChild) location.assign(address);  // its page, or the browser, says why
  else if (!drawer.open) {
    if (location.href !== address) history.pushState({ htmx: true }, '', address);
    document.title = card.querySelector('h1').textContent;
    drawer.showModal();
  }
}
drawer.addEventListener('close', () => {
  if (location.pathname + location.search !== list) history.back();
});
document.addEventListener('click', (event) => {
  const found = wide.matches && event.target.closest('.cards tbody th a');
  if (!found || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  link = found;
  list = location.pathname + location.search;
  openCard(found.href);
});
document.addEventListener('htmx:before:history:restore', (event) => {
  const { path } = event.detail;
  if (path !== list && !/^\/dashboard\/cards\/[\w-]{36}$/.test(path)) return;  // it is loaded anew
  event.preventDefault();
  if (path !== list) openCard(location.href);
  else {
    drawer.close();
    document.title = title;
    setTimeout(() => link?.focus());  // after the browser has put the focus to the page's beginning
  }
});
