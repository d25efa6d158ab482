// Shows each look at the fleet as it comes. While the page is hidden nothing is asked for, and so nobody looks.
'use strict';

const main = document.getElementById('main');
const live = document.getElementById('live');
const news = document.getElementById('news');
let source = null;

// say tells whether what is shown is of now.
function say(text, fresh) {
  if (live.textContent !== text) live.textContent = text;
  document.body.classList.toggle('stale', !fresh);
}

// show puts the new look in the place of the old one, and leaves the reader where he was.
function show(html) {
  const open = [...main.querySelectorAll('details[open]')].map((d) => d.id);
  const scrolled = [...main.querySelectorAll('.scroll')].map((r) => [r.id, r.scrollLeft]);
  const focused = document.activeElement && main.contains(document.activeElement) ? document.activeElement.id : '';
  main.innerHTML = html; // made and escaped by the program that made this page
  for (const id of open) document.getElementById(id)?.setAttribute('open', '');
  for (const [id, left] of scrolled) document.getElementById(id)?.scrollTo({left});
  const summary = main.querySelector('#summary').firstElementChild.textContent + ': ' + main.querySelector('#summary span').textContent;
  if (news.textContent !== summary) news.textContent = summary; // read aloud, when it is another one
  if (focused) document.getElementById(focused)?.focus({preventScroll: true});
}

function watch() {
  source = new EventSource('events');
  source.onmessage = (event) => {
    show(event.data);
    say('live', true);
  };
  source.onerror = () => {
    say('no connection: this is old; trying again', false);
    if (source.readyState === EventSource.CLOSED) {
      setTimeout(() => { if (!document.hidden) watch(); }, 5000);
    }
  };
}

function rest() {
  source?.close();
  source = null;
  say('paused', false);
}

document.addEventListener('visibilitychange', () => { document.hidden ? rest() : watch(); });
if (!document.hidden) watch();
