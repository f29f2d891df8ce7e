// A form that changes something is sent once. The pressed button keeps its width and changes its word
// (data-busy). After 20 seconds it can be pressed again: the command's key makes a second sending harmless.

const PATIENCE_MS = 20_000;

function settle(form, button, word) {
  delete form.dataset.sending;
  if (!button) return;
  button.classList.remove("is-busy");
  button.removeAttribute("aria-disabled");
  button.style.minWidth = "";
  button.textContent = word;
}

function wait(form, button) {
  form.dataset.sending = "yes";
  const word = button ? button.textContent : "";
  if (button) {
    button.style.minWidth = `${button.offsetWidth}px`;
    button.classList.add("is-busy");
    button.setAttribute("aria-disabled", "true");
    if (button.dataset.busy) button.textContent = button.dataset.busy;
  }
  const timer = setTimeout(() => settle(form, button, word), PATIENCE_MS);
  // Coming back with the Back button shows the page as it was left.
  addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    clearTimeout(timer);
    settle(form, button, word);
  }, { once: true });
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post" || "download" in form.dataset) return;
  if (form.dataset.sending) {
    event.preventDefault();
    return;
  }
  wait(form, event.submitter);
});
