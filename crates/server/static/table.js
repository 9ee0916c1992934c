// Hands for the table of customers: keys that work while a row has the focus, of which two lead to the first row, ticks for a whole page, and a person beside it.
// Without it every row is a link, and every box and button works by itself.

const rows = (table) => [...table.querySelectorAll("tbody tr")];
const link = (row) => row?.querySelector(".who a");
const panel = () => document.getElementById("peek");
/** What had the focus before the panel. */
let before = null;

/** Moves the focus from a row to one further down, or up. */
function move(table, row, by) {
  const all = rows(table);
  const next = link(all[all.indexOf(row) + by]);
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
}

/** Shows what needs this script, and says how many are ticked and how the box of the page stands. */
function told() {
  const boxes = [...document.querySelectorAll("tbody .pick input:not(:disabled)")];
  const ticked = boxes.filter((box) => box.checked).length;
  const all = document.querySelector("[data-pick-all]");
  if (all) {
    all.hidden = false;
    all.checked = ticked > 0 && ticked === boxes.length;
    all.indeterminate = ticked > 0 && ticked < boxes.length;
  }
  for (const keys of document.querySelectorAll("[data-keys-open]")) keys.hidden = false;
  for (const said of document.querySelectorAll("[data-picked]")) said.textContent = `${ticked} ticked`;
}

function close() {
  const open = panel();
  if (!open || open.hidden) return false;
  open.hidden = true;
  open.replaceChildren();
  before?.focus();
  return true;
}

/** What a key does, by the list of keys on the page. */
function named(key) {
  const keys = [...document.querySelectorAll("#keys [data-key]")];
  return keys.find((one) => one.dataset.key === key)?.closest("[data-act]").dataset.act;
}

/** Leads to the first row from where nothing else has the keys: letters only, as arrows scroll the page. */
function enter(event, writes) {
  if (writes || event.key.length > 1 || event.target.closest("#peek, dialog, details[open]")) return;
  const table = document.querySelector("table.people:has(tr[data-id])");
  if (!table || !["next", "before"].includes(named(event.key))) return;
  event.preventDefault();
  move(table, null, 1);
}

const listKeys = () => document.getElementById("keys")?.showModal();

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && event.target.closest("#peek, table.people") && close()) return event.preventDefault();
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const writes = event.target.closest("textarea, select, input:not([type=checkbox])");
  if (event.key === "?" && !writes && document.getElementById("keys")) {
    event.preventDefault();
    return listKeys();
  }
  const row = event.target.closest("table.people tbody tr");
  if (!row) return enter(event, writes);
  const table = row.closest("table");
  // A link opens by itself, and a box keeps the key that ticks it.
  const act = {
    next: () => move(table, row, 1),
    before: () => move(table, row, -1),
    tick: () => row.querySelector(".pick input")?.click(),
    peek: event.target.matches(".who a") && (() => row.querySelector("[data-peek]")?.click()),
  }[named(event.key)];
  if (!act) return;
  event.preventDefault();
  act();
});

// Rows that are listed no longer are not ticked any more.
document.addEventListener("tinycrm:left", told);

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-pick-all]")) {
    for (const box of document.querySelectorAll("tbody .pick input:not(:disabled)")) box.checked = event.target.checked;
  }
  if (event.target.closest(".pick")) told();
});

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-unpeek]")) close();
  if (event.target.closest("[data-keys-open]")) listKeys();
});

document.addEventListener("htmx:afterSwap", ({ target }) => {
  if (target.id !== "peek") return;
  const focused = document.activeElement;
  if (!target.contains(focused) && focused !== document.body) before = focused;
  target.hidden = false;
  target.querySelector("h1, h2")?.focus();
});

document.addEventListener("htmx:load", told);
addEventListener("pageshow", told);
told();
