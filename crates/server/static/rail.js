// The rail: a range is drawn over bars by pointer or keyboard and sent by the form beneath, and keys are found as one types.
// Without scripts the forms do both.

class Bars {
  constructor(box) {
    box.classList.add("live");
    this.form = box.querySelector("form");
    this.bars = [...box.querySelectorAll("svg a")];
    this.first = null;
    this.moved = false;
    const svg = box.querySelector("svg");
    svg.addEventListener("pointerdown", (event) => this.down(event));
    svg.addEventListener("dragstart", (event) => event.preventDefault());
    svg.addEventListener("click", (event) => this.moved && (event.preventDefault(), event.stopPropagation()), true);
    svg.addEventListener("keydown", (event) => this.key(event));
  }

  /** The place of the bar at a point across the drawing. */
  at(x) {
    const box = this.bars[0].ownerSVGElement.getBoundingClientRect();
    const place = Math.floor(((x - box.left) / box.width) * this.bars.length);
    return Math.min(Math.max(place, 0), this.bars.length - 1);
  }

  down(event) {
    if (event.button !== 0) return;
    this.first = this.at(event.clientX);
    this.moved = false;
    const move = (event) => {
      const place = this.at(event.clientX);
      this.moved ||= place !== this.first;
      if (this.moved) this.mark(this.first, place);
    };
    const end = (event) => {
      document.removeEventListener("pointermove", move);
      document.removeEventListener("pointerup", end);
      document.removeEventListener("pointercancel", end);
      if (this.moved && event.type === "pointerup") this.send(this.first, this.at(event.clientX));
      else this.mark();
    };
    document.addEventListener("pointermove", move);
    document.addEventListener("pointerup", end);
    document.addEventListener("pointercancel", end);
  }

  /** Arrows go from bar to bar, with Shift they draw the range, Enter sends it. */
  key(event) {
    const place = this.bars.indexOf(event.target.closest("a"));
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step) {
      event.preventDefault();
      const next = Math.min(Math.max(place + step, 0), this.bars.length - 1);
      this.bars[next].focus();
      if (event.shiftKey) this.mark((this.start ??= place), (this.last = next));
      else this.mark();
    } else if (event.key === "Enter" && this.start != null) {
      event.preventDefault();
      this.send(this.start, this.last);
    } else if (event.key === "Escape") this.mark();
  }

  /** Marks the bars between two places, or none. */
  mark(one, other) {
    if (one == null) this.start = this.last = null;
    const [from, to] = [Math.min(one, other), Math.max(one, other)];
    this.bars.forEach((bar, place) => bar.classList.toggle("drawn", place >= from && place <= to));
  }

  send(one, other) {
    const { from, to, drawn } = this.form.elements;
    from.value = this.bars[Math.min(one, other)].dataset.from;
    to.value = this.bars[Math.max(one, other)].dataset.to;
    drawn.value = "1";
    this.form.requestSubmit();
  }
}

/** Shows the keys whose name has the text. */
function find(field) {
  const wanted = field.value.trim().toLowerCase();
  for (const facet of field.closest(".rail").querySelectorAll(":scope > .facet")) {
    const names = [...facet.querySelectorAll("summary > code")].map((code) => code.textContent.toLowerCase());
    facet.hidden = !names.some((name) => name.includes(wanted));
  }
}

function enliven(root) {
  for (const box of root.querySelectorAll("[data-spread]:not(.live)")) if (box.querySelector("svg a")) new Bars(box);
}

document.addEventListener("input", (event) => event.target.id === "rail-q" && find(event.target));
document.addEventListener("htmx:load", (event) => enliven(event.target));
enliven(document);
