// Single keys, outside text fields only, and can be switched off (WCAG 2.1.4).
// "/" search, j k move, x select, Enter open, Esc clear, "?" the list; a page adds its own by data-key.

const SWITCH = "xiaohao:keys";
const dialog = document.getElementById("keys");
const isOn = () => document.body.dataset.keys !== "off" && localStorage.getItem(SWITCH) !== "off";
const rows = () => [...document.querySelectorAll("[data-row]")];
const current = () => document.querySelector("[data-row].is-current");

function isTyping(target) {
  return target.isContentEditable || target.matches("input:not([type=checkbox]):not([type=radio]), textarea, select");
}

function move(by) {
  const all = rows();
  if (!all.length) return;
  const now = all.indexOf(current());
  const next = all[now < 0 ? 0 : Math.min(all.length - 1, Math.max(0, now + by))];
  current()?.classList.remove("is-current");
  next.classList.add("is-current");
  next.scrollIntoView({ block: "nearest" });
  (next.matches("a") ? next : next.querySelector("a[href]"))?.focus({ preventScroll: true });
}

function select() {
  const box = current()?.querySelector("[data-pick]");
  if (box) box.click();
}

function clear() {
  current()?.classList.remove("is-current");
  document.activeElement?.blur();
  for (const form of document.querySelectorAll("form[data-bulk]")) form.dispatchEvent(new CustomEvent("bulk:clear"));
}

function help() {
  if (dialog && dialog.showModal && !dialog.open) dialog.showModal();
}

const KEYS = {
  "/": () => document.querySelector("[data-search]")?.focus(),
  j: () => move(1),
  k: () => move(-1),
  x: select,
  "?": help,
  Escape: clear,
};

function own(key) {
  return [...document.querySelectorAll("[data-key]")].find((element) => element.dataset.key === key);
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || dialog?.open) return;
  if (event.key === "Escape" && isTyping(event.target)) {
    event.target.blur();
    return;
  }
  if (!isOn() || isTyping(event.target)) return;
  const act = KEYS[event.key] || (own(event.key) && (() => own(event.key).click()));
  if (!act) return;
  event.preventDefault();
  act();
});

for (const opener of document.querySelectorAll("[data-open-keys]")) {
  opener.hidden = false;
  opener.addEventListener("click", help);
}

const toggle = document.querySelector("[data-keys-switch]");
if (toggle) {
  toggle.checked = localStorage.getItem(SWITCH) !== "off";
  toggle.addEventListener("change", () => {
    if (toggle.checked) localStorage.removeItem(SWITCH);
    else localStorage.setItem(SWITCH, "off");
  });
}
