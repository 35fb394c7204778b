// What pages of the dashboard do beyond their forms and links. All of it works without, but for
// copying: so its buttons come hidden.
'use strict';

for (const button of document.querySelectorAll('[data-dismiss], [data-copy]')) button.hidden = false;

document.addEventListener('click', async (event) => {
  const name = event.target.closest('[data-add]');
  if (name && !event.ctrlKey && !event.metaKey) {  // into the form as it is, in place of a new one
    event.preventDefault();
    const names = document.getElementById('to');
    names.value = names.value.replace(/[^\n]$/, '$&\n') + name.dataset.add + '\n';
  }
  const button = event.target.closest('button');
  if (button?.dataset.copy) {
    const field = document.getElementById(button.dataset.copy);
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
      button.textContent = 'Copied';
    } catch {  // by plain HTTP there is no clipboard: it is selected, Ctrl-C does the rest
      button.textContent = 'Press Ctrl C';
    }
  } else if (button && 'dismiss' in button.dataset) {
    button.parentElement.remove();
  }
  // a menu closes when something else is pressed
  for (const menu of document.querySelectorAll('details.menu[open], details.switcher[open]')) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

document.addEventListener('keydown', (event) => {
  const open = event.key === 'Escape' && event.target.closest?.('details[open]');
  if (open) {
    open.open = false;
    open.querySelector('summary').focus();
  }
});
