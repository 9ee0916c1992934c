// A button beside each value of a customer that copies it, and the form of a short value where that stands. Without scripts there is
// no such button, the text can be chosen, and the form is a page.

/** Puts a copy of the page's button after each value, in a page or in a part that htmx has brought. */
function enliven(root) {
  const pattern = document.getElementById("copy-value");
  if (!pattern || !navigator.clipboard) return;
  for (const value of root.querySelectorAll("[data-value]:not(.copies)")) {
    value.classList.add("copies");
    const button = pattern.content.firstElementChild.cloneNode(true);
    const label = `Copy ${value.dataset.value}`;
    button.setAttribute("aria-label", label);
    button.title = label;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(value.textContent);
      button.title = "Copied";
      button.classList.add("done");
      setTimeout(() => (button.classList.remove("done"), (button.title = label)), 1500);
    });
    value.after(button);
  }
}

document.addEventListener("htmx:load", (event) => enliven(event.target));
enliven(document);

/** Puts the value back in the place of its form. */
function putBack(form) {
  const held = form.closest(".held");
  form.remove();
  held.querySelector(".pencil")?.focus();
}

document.addEventListener("click", (event) => {
  const form = event.target.closest(".held > .edit a")?.closest("form");
  if (!form) return;
  event.preventDefault();
  putBack(form);
});

document.addEventListener("keydown", (event) => {
  const form = event.target.closest(".held > .edit");
  if (!form) return;
  const ends = event.key === "Enter" && !event.shiftKey && !event.isComposing;
  if (event.key === "Escape") putBack(form);
  // A short value has one line.
  else if (ends && event.target.matches("textarea")) form.requestSubmit();
  else return;
  event.preventDefault();
});
