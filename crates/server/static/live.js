// What happens while one reads: "12 changes: show", and nothing moves until one says so. A page asks for it with a hidden
// [data-live]: "live", "test" or "all" projects, or the one of data-project; data-version is the version that the page shows.
//
// One connection serves all tabs of a browser: the tab that holds the lock listens and tells the others. It lets go while it is
// hidden, so that one that is looked at takes over. Where there are no locks (http on another machine) each tab that is looked at
// listens by itself.

const NAME = "tinycrm:events";
/** Seconds until the next attempt, by how many have failed. */
const PAUSES = [2, 5, 15, 60, 300];

const others = new BroadcastChannel(NAME);
/** What has been counted for a hook. */
const counted = new WeakMap();
/** The version up to which this tab has heard. */
let heard = 0;
/** Ends this tab's turn, or its wait for it. */
let leave = null;
let source = null;
let failed = 0;
let again = 0;

const hooks = () => [...document.querySelectorAll("[data-live]")];

/** Whether a hook is about a project. */
function about(hook, { project, test }) {
  if (hook.dataset.project) return hook.dataset.project === project;
  return hook.dataset.live === "all" || (hook.dataset.live === "test") === test;
}

/** Says on a hook how much has happened since the page was made. */
function count(hook, event, missed) {
  const state = counted.get(hook) ?? { changes: 0, unknown: false, until: Number(hook.dataset.version) };
  if (event.version <= state.until && !event.reset) return;
  // Of what was counted in part, nobody can say how much is new.
  missed ||= event.since < state.until;
  state.until = event.version;
  const sums = event.projects.filter((one) => about(hook, one)).map((one) => one.created + one.changed + one.erased);
  state.changes += sums.reduce((all, one) => all + one, 0);
  state.unknown ||= missed;
  counted.set(hook, state);
  if (!state.changes && !state.unknown) return;
  const link = document.createElement("a");
  link.href = location.pathname + location.search;
  const language = hook.closest("[data-numbers]")?.dataset.numbers ?? "en";
  const said = state.changes === 1 ? "1 change" : `${state.changes.toLocaleString(language)} changes`;
  link.textContent = `${state.unknown ? "Something has changed" : said}: show`;
  hook.hidden = false;
  hook.replaceChildren(link);
}

/** Takes an event in, from the server or from another tab. */
function hear(event) {
  // Who had heard as much has not missed anything; a version that went back is that of a database that was restored.
  if (event.reset ? event.version === heard : event.version <= heard) return;
  const missed = event.reset || event.since > heard;
  heard = event.version;
  for (const hook of hooks()) count(hook, event, missed);
  document.dispatchEvent(new CustomEvent("tinycrm:changed", { detail: event }));
}

/** Connects; the server tells first what has happened since a version. */
function connect(since) {
  disconnect();
  source = new EventSource(`/events?last_event_id=${since}`);
  source.addEventListener("open", () => (failed = 0));
  for (const name of ["change", "reset"]) {
    source.addEventListener(name, ({ data }) => {
      const event = { ...JSON.parse(data), reset: name === "reset" };
      others.postMessage({ event });
      hear(event);
    });
  }
  source.addEventListener("error", () => {
    disconnect();
    again = setTimeout(() => connect(heard), 1000 * PAUSES[Math.min(failed++, PAUSES.length - 1)]);
  });
}

function disconnect() {
  clearTimeout(again);
  source?.close();
  source = null;
}

/** Waits for the turn to listen, and listens; ends when it is let go. */
function take() {
  const waiting = new AbortController();
  const turn = new Promise((end) => {
    leave = () => (waiting.abort(), disconnect(), end(), (leave = null));
  });
  const listen = () => (waiting.signal.aborted || connect(heard), turn);
  if (!navigator.locks) return listen();
  return navigator.locks.request(NAME, { signal: waiting.signal }, listen).catch(() => {});
}

/** Listens if somebody looks at a page that wants to know. */
function start() {
  heard = Math.max(heard, ...hooks().map((hook) => Number(hook.dataset.version)));
  if (document.visibilityState !== "visible" || !hooks().length) return leave?.();
  if (leave) return;
  // Whoever listens may have heard more than this page shows.
  others.postMessage({ since: heard });
  take();
}

others.addEventListener("message", ({ data: { event, since } }) => {
  if (event) hear(event);
  else if (source && since < heard) connect(since);
});
document.addEventListener("visibilitychange", start);
document.addEventListener("htmx:load", start);
addEventListener("pagehide", () => leave?.());
addEventListener("pageshow", start);
start();
