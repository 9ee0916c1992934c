// Rows of the table of customers that stay when the filter lists them no longer: dimmed, until the next question. Whoever is opened or
// acted on from a table is named in its address, so that the way back shows them too: the browser's, and the links with [data-list].
// Without it those links lead to all customers.

const LIST = "tinycrm:list";
/** People whom an address names. */
const KEPT = 50;
/** Milliseconds between two looks at who is listed still. */
const PAUSE = 2000;

const rows = () => [...document.querySelectorAll("table.people tbody tr[data-id]")];
const path = (place) => new URL(place, location.href);
const day = (place) => path(place).searchParams.get("as_of");

/** Names people in the address of the table, and remembers it as the way back. */
function keep(ids) {
  const here = path(location.href);
  const named = here.searchParams.get("kept")?.split(",") ?? [];
  if (!day(here)) here.searchParams.set("kept", [...new Set([...ids, ...named])].slice(0, KEPT).join(","));
  history.replaceState(history.state, "", here);
  sessionStorage.setItem(LIST, here.pathname + here.search);
}

/** Leads back to the table that one comes from, if it is of the same day. Whoever has signed out comes from none. */
function lead() {
  if (!document.querySelector(".side")) return sessionStorage.clear();
  const list = sessionStorage.getItem(LIST);
  for (const link of document.querySelectorAll("a[data-list]")) {
    if (list && day(list) === day(link.href)) link.href = list;
  }
}

/** Shows of a row whether it is listed still. */
function mark(row, left) {
  row.classList.toggle("left", left);
  const box = row.querySelector(".pick input");
  if (box) {
    box.disabled = left;
    if (left) box.checked = false;
  }
  const said = row.querySelector(".gone");
  if (!left) return said?.remove();
  if (said) return;
  const gone = document.createElement("span");
  gone.className = "gone";
  gone.textContent = "no longer matches";
  row.querySelector(".who").append(gone);
}

/** Asks who of the rows is listed still. */
async function look() {
  const shown = rows();
  if (!shown.length || day(location.href)) return;
  const body = path(location.href).searchParams;
  for (const name of ["after", "back"]) body.delete(name);
  body.set("kept", shown.map((row) => row.dataset.id).join(","));
  const answer = await fetch("/customers/still", { method: "POST", body }).catch(() => null);
  if (!answer?.ok) return;
  const listed = new Set(await answer.json());
  for (const row of shown) mark(row, !listed.has(row.dataset.id));
  document.dispatchEvent(new Event("tinycrm:left"));
}

let waiting = false;
let again = false;
document.addEventListener("tinycrm:changed", ({ detail: { reset, projects = [] } }) => {
  if (!reset && !projects.some((one) => one.changed + one.erased > 0)) return;
  // What happens soon after a look is looked at once more.
  if (waiting) return (again = true);
  waiting = true;
  const next = () => {
    look();
    setTimeout(() => ((waiting = again), again && ((again = false), next())), PAUSE);
  };
  next();
});

document.addEventListener("click", ({ target }) => {
  const link = target.closest?.("table.people .who a, #peek a");
  const id = link && rows().find((row) => path(link.href).pathname === `/customers/${row.dataset.id}`)?.dataset.id;
  if (id) keep([id]);
});

document.addEventListener("submit", ({ target, submitter }) => {
  if (target.id !== "choose" || submitter?.formAction.endsWith("/acts/export")) return;
  const chosen = submitter?.value === "chosen" ? rows().filter((row) => row.querySelector(".pick input:checked")) : rows();
  keep(chosen.map((row) => row.dataset.id));
});

document.addEventListener("htmx:load", lead);
lead();
