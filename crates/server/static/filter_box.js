// The filter's box: colours under the text, completions below it, Enter sends. Without scripts it is a plain field.

/** Bytes of UTF-8 up to a place of a text: the server counts in those. */
const bytes = (text) => new TextEncoder().encode(text).length;

/** The place in a text where so many bytes of UTF-8 end. */
const place = (text, count) => new TextDecoder().decode(new TextEncoder().encode(text).slice(0, count)).length;

class FilterBox {
  constructor(box) {
    this.box = box;
    this.field = box.querySelector("textarea");
    this.ink = box.querySelector(".ink");
    this.list = null;
    this.listed = ""; // the text that the list is about
    this.asked = 0;
    box.classList.add("live");
    this.field.setAttribute("aria-autocomplete", "list");
    this.field.addEventListener("input", () => this.typed());
    this.field.addEventListener("keydown", (event) => this.key(event));
    this.field.addEventListener("scroll", () => (this.ink.style.translate = `0 ${-this.field.scrollTop}px`));
    this.field.addEventListener("blur", () => setTimeout(() => this.close(), 150));
    this.field.addEventListener("click", () => this.ask());
  }

  /** Shows what was typed at once, in plain colour; the server's colours follow. */
  typed() {
    this.ink.textContent = this.field.value;
    this.ask();
  }

  async ask() {
    const text = this.field.value;
    const at = bytes(text.slice(0, this.field.selectionStart));
    const turn = ++this.asked;
    const url = new URL(this.box.dataset.help, location.href);
    url.searchParams.set("filter", text);
    url.searchParams.set("at", at);
    const response = await fetch(url, { headers: { "hx-request": "true" } }).catch(() => null);
    if (!response?.ok || turn !== this.asked || text !== this.field.value) return;
    const part = document.createElement("template");
    part.innerHTML = await response.text();
    const ink = part.content.querySelector(".ink");
    if (turn !== this.asked || !ink) return;
    this.ink.replaceChildren(...ink.childNodes);
    this.show(part.content.querySelector(".help"), text);
  }

  show(list, text) {
    this.close();
    if (!list?.children.length || document.activeElement !== this.field) return;
    this.list = list;
    this.listed = text;
    this.box.append(list);
    this.field.setAttribute("aria-controls", list.id);
    list.addEventListener("mousedown", (event) => {
      event.preventDefault();
      const option = event.target.closest("li");
      if (option) this.take(option);
    });
  }

  close() {
    this.list?.remove();
    this.list = null;
    this.field.removeAttribute("aria-activedescendant");
  }

  get chosen() {
    return this.list?.querySelector('[aria-selected="true"]');
  }

  /** Moves the choice up or down the list, round its ends. */
  move(step) {
    const options = [...this.list.children];
    const from = options.indexOf(this.chosen);
    const to = options.at((from + step + (from < 0 && step < 0 ? 1 : 0)) % options.length);
    this.chosen?.setAttribute("aria-selected", "false");
    to.setAttribute("aria-selected", "true");
    to.scrollIntoView({ block: "nearest" });
    this.field.setAttribute("aria-activedescendant", to.id);
  }

  /** Puts an option in place of the half-typed word; a list of the text before has nothing to say. */
  take(option) {
    const text = this.field.value;
    if (text !== this.listed) return;
    const [from, to] = [place(text, +option.dataset.from), place(text, +option.dataset.to)];
    const word = option.dataset.word + " ";
    this.field.setRangeText(word, from, to, "end");
    if (this.field.value.slice(this.field.selectionEnd).startsWith(" ")) {
      this.field.setRangeText("", this.field.selectionEnd, this.field.selectionEnd + 1, "end");
    }
    this.typed();
  }

  key(event) {
    if (event.isComposing) return;
    if (this.list && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      this.move(event.key === "ArrowDown" ? 1 : -1);
    } else if (event.key === "Tab" && this.list && !event.shiftKey) {
      event.preventDefault();
      this.take(this.chosen ?? this.list.firstElementChild);
    } else if (event.key === "Escape") {
      if (this.list) this.close();
      else this.field.blur();
    } else if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      if (this.chosen) this.take(this.chosen);
      else {
        this.asked++;
        this.close();
        this.field.form.requestSubmit();
      }
    }
  }
}

/** Brings the boxes of a page, or of a part that htmx has brought, to life. */
function enliven(root) {
  for (const box of root.querySelectorAll("[data-filter]:not(.live)")) new FilterBox(box);
}

document.addEventListener("htmx:load", (event) => enliven(event.target));
enliven(document);

// The shortcut to it.
document.addEventListener("keydown", (event) => {
  const writing = event.target.closest("input, select, textarea, [contenteditable]");
  const filter = document.getElementById("filter");
  if (event.key === "/" && !writing && filter) {
    event.preventDefault();
    filter.focus();
    filter.select();
  }
});
