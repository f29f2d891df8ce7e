// Words that were typed are never lost: each form with data-draft keeps a copy on this device until the
// server says that it has them ([data-draft-sent]). Files and passwords are not kept.
// A draft that was sent but never confirmed is offered, not put back by itself.

const PREFIX = `xiaohao:draft:${document.body.dataset.person || ""}:`;
const KEEP_MS = 14 * 24 * 3600 * 1000;
const SKIPPED = new Set(["password", "file", "hidden", "submit", "button"]);

const fieldsOf = (form) => [...form.elements].filter((field) => field.name && !SKIPPED.has(field.type));

function read(key) {
  try {
    return JSON.parse(localStorage.getItem(key));
  } catch (error) {
    // A damaged copy is worth less than a working form.
    console.warn("draft unreadable", key, error);
    localStorage.removeItem(key);
    return null;
  }
}

function write(key, draft) {
  try {
    localStorage.setItem(key, JSON.stringify(draft));
    return true;
  } catch (error) {
    console.warn("draft not kept: storage full or closed", error);
    return false;
  }
}

function valuesOf(form) {
  const values = {};
  for (const field of fieldsOf(form)) {
    const list = (values[field.name] ||= []);
    if (field.type === "checkbox" || field.type === "radio") {
      if (field.checked) list.push(field.value);
    } else if (field.type === "select-multiple") {
      list.push(...[...field.selectedOptions].map((option) => option.value));
    } else {
      list.push(field.value);
    }
  }
  return values;
}

function putBack(form, values) {
  const left = structuredClone(values);
  for (const field of fieldsOf(form)) {
    const list = left[field.name];
    if (!list) continue;
    if (field.type === "checkbox" || field.type === "radio") field.checked = values[field.name].includes(field.value);
    else if (field.type === "select-multiple") for (const option of field.options) option.selected = list.includes(option.value);
    else if (list.length) field.value = list.shift();
    field.dispatchEvent(new Event("change", { bubbles: true }));
  }
}

const isSame = (one, other) => JSON.stringify(one) === JSON.stringify(other);
const timeOf = (at) => new Date(at).toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" });

function setUp(form) {
  const key = PREFIX + form.dataset.draft;
  const note = form.querySelector("[data-draft-note]");
  const [text, restore, discard] = ["text", "restore", "discard"].map((part) => note?.querySelector(`[data-draft-${part}]`));
  const untouched = valuesOf(form);

  function say(kind, at) {
    if (!note) return;
    note.hidden = false;
    text.textContent = text.dataset[kind].replace("%s", timeOf(at));
    restore.hidden = kind !== "offered";
    discard.hidden = kind === "kept";
  }

  function keep(isSent) {
    const values = valuesOf(form);
    if (isSame(values, untouched) && !isSent) return;
    const at = Date.now();
    if (write(key, { at, isSent, values }) && !isSent) say("kept", at);
  }

  const draft = read(key);
  if (draft && Date.now() - draft.at > KEEP_MS) localStorage.removeItem(key);
  else if (draft && !isSame(draft.values, untouched) && !("cameBack" in form.dataset)) {
    if (!draft.isSent) putBack(form, draft.values);
    say(draft.isSent ? "offered" : "restored", draft.at);
  }

  let timer = 0;
  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => keep(false), 400);
  });
  form.addEventListener("submit", () => { clearTimeout(timer); keep(true); });
  addEventListener("pagehide", () => { if (!form.dataset.sending) keep(false); });
  restore?.addEventListener("click", () => { const kept = read(key); if (kept) { putBack(form, kept.values); say("restored", kept.at); } });
  discard?.addEventListener("click", () => { putBack(form, untouched); localStorage.removeItem(key); note.hidden = true; });
}

for (const sent of document.querySelectorAll("[data-draft-sent]")) localStorage.removeItem(PREFIX + sent.dataset.draftSent);
document.querySelectorAll("form[data-draft]").forEach(setUp);

// Signing out on a shared computer leaves nothing behind.
document.addEventListener("submit", (event) => {
  if (!("forgetDrafts" in event.target.dataset)) return;
  for (const key of Object.keys(localStorage)) if (key.startsWith(PREFIX)) localStorage.removeItem(key);
});
