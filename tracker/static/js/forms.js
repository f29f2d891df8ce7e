// Small comforts of forms: reading starts at the summary of mistakes, filters fold away on phones, usual
// words are put in by a tap. Also tells the style sheets that scripts run here.

document.documentElement.classList.add("has-script");

const summary = document.querySelector("[data-error-summary]");
if (summary) summary.focus();

document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-error-summary] a[href^='#']");
  const field = link && document.getElementById(link.hash.slice(1));
  if (!field) return;
  event.preventDefault();
  field.scrollIntoView({ block: "center" });
  const target = field.matches("input, select, textarea, button") ? field : field.querySelector("input, select, textarea");
  (target || field).focus();
});

// Unless one of them is on.
const phone = matchMedia("(max-width: 720px)");
for (const filters of document.querySelectorAll("details[data-filters]")) {
  const fold = () => { filters.open = !phone.matches || filters.dataset.filters === "on"; };
  phone.addEventListener("change", fold);
  fold();
}

for (const group of document.querySelectorAll("[data-usual-for]")) {
  const field = document.getElementById(group.dataset.usualFor);
  if (!field) continue;
  group.hidden = false;
  group.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    field.value = field.value.trim() ? `${field.value.trimEnd()}${group.dataset.usualSeparator}${button.value}` : button.value;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.focus();
  });
}

for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}

for (const link of document.querySelectorAll("[data-back]")) {
  if (history.length < 2) continue;
  link.hidden = false;
  link.addEventListener("click", () => history.back());
}
