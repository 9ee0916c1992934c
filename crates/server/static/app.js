// What every page needs: copy buttons, the shortcut to the filter, forms that send themselves.
// Everything works without it; it only saves steps.

import { enlivenFilters } from "./filter.js";

/** Puts an element's text on the clipboard. */
async function copy(button) {
  const text = document.getElementById(button.dataset.copy).innerText;
  await navigator.clipboard.writeText(text);
  button.textContent = "Copied";
  setTimeout(() => (button.textContent = "Copy"), 1500);
}

/** Shows what only works with scripts, in a page or in a part that htmx has brought. */
function enliven(root) {
  enlivenFilters(root);
  for (const button of root.querySelectorAll("[data-copy]")) {
    button.hidden = !navigator.clipboard;
  }
  for (const menu of root.querySelectorAll("[data-menu]")) {
    menu.open = matchMedia("(min-width: 861px)").matches;
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy]");
  if (button) copy(button);
  for (const open of document.querySelectorAll("details.confirm[open], details.drop[open]")) {
    if (!open.contains(event.target)) open.open = false;
  }
});

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-send]")) event.target.form.requestSubmit();
});

document.addEventListener("keydown", (event) => {
  const writing = event.target.closest("input, select, textarea, [contenteditable]");
  const filter = document.getElementById("filter");
  if (event.key === "/" && !writing && filter) {
    event.preventDefault();
    filter.focus();
    filter.select();
  }
  if (event.key === "Escape") {
    const open = event.target.closest("details.confirm[open], details.drop[open]");
    if (open) {
      open.open = false;
      open.querySelector("summary").focus();
    }
  }
});

// Refusals with a page of their own are shown as that page; a filter that is not understood belongs into the view.
document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr, requestConfig } = event.detail;
  if (xhr.status >= 400 && xhr.status !== 422 && requestConfig.verb === "get") location.href = event.detail.pathInfo.finalRequestPath;
});

document.addEventListener("htmx:load", (event) => enliven(event.target));
enliven(document);

// A page that answered a form has an address of its own: reloading asks for that, and sends nothing twice.
const place = document.getElementById("main")?.dataset.place;
if (place) history.replaceState(history.state, "", place + location.hash);

// A sign-in link is one click: the form behind it sends itself, but only where somebody looks.
const link = document.querySelector("form[data-submit]");
if (link && document.visibilityState === "visible") link.requestSubmit();
