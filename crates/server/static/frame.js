// What every page needs: copy buttons, the menu, what opens and closes, what htmx brings.
// Everything works without it; it only saves steps.

import "./live.js";
import "./stay.js";
import "./table.js";

/** Puts an element's text on the clipboard. */
async function copy(button) {
  const from = document.getElementById(button.dataset.copy);
  const text = from.value ?? from.innerText;
  await navigator.clipboard.writeText(text);
  button.textContent = "Copied";
  setTimeout(() => (button.textContent = "Copy"), 1500);
}

/** Shows what only works with scripts, in a page or in a part that htmx has brought. */
function enliven(root) {
  for (const button of root.querySelectorAll("[data-copy]")) {
    button.hidden = !navigator.clipboard;
  }
  for (const menu of root.querySelectorAll("[data-menu]")) {
    menu.open = matchMedia("(min-width: 861px)").matches;
  }
}

/** Milliseconds in which a form that was sent is not sent again: a second click is no second order. */
const AGAIN = 2000;
const sent = new WeakMap();

// Last of all that hear of it, so that what is not sent after all can be sent again; a page that comes back is as it was.
addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post") return;
  if (Date.now() - (sent.get(form) ?? 0) < AGAIN) return event.preventDefault();
  sent.set(form, Date.now());
});

const OPEN = "details.confirm[open], details.drop[open]";

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy]");
  if (button) copy(button);
  for (const open of document.querySelectorAll(OPEN)) {
    if (!open.contains(event.target)) open.open = false;
  }
});

document.addEventListener("keydown", (event) => {
  const open = event.key === "Escape" && event.target.closest(OPEN);
  if (open) {
    open.open = false;
    open.querySelector("summary").focus();
  }
});

// Back to a page that is an error by now: htmx shows none on its way back, so the browser does.
document.addEventListener("htmx:historyCacheMissLoadError", () => location.reload());

document.addEventListener("htmx:load", (event) => enliven(event.target));
enliven(document);

// A page that answered a form has an address of its own: reloading asks for that, and sends nothing twice.
const place = document.getElementById("main")?.dataset.place;
if (place) history.replaceState(history.state, "", place + location.hash);
