// A button beside each value of a customer that copies it. Without scripts there is none, and the text can be chosen.

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
