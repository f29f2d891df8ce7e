// An inspection in hand: how many items have an answer, and one press for all that are left.

const form = document.querySelector("form[data-inspection]");

function count() {
  const items = [...form.querySelectorAll("[data-item]")];
  const answered = items.filter((item) => item.querySelector("input[type=radio]:checked")).length;
  const told = form.querySelector("[data-progress]");
  told.textContent = told.dataset.progress.replace("%n", String(answered)).replace("%m", String(items.length));
}

function passRest(event) {
  event.preventDefault();
  for (const item of form.querySelectorAll("[data-item]")) {
    if (!item.querySelector("input[type=radio]:checked")) item.querySelector("input[value=pass]").checked = true;
  }
  form.dispatchEvent(new Event("input", { bubbles: true }));
}

if (form) {
  form.addEventListener("input", count);
  form.addEventListener("change", count);
  form.querySelector("[data-pass-rest]").addEventListener("click", passRest);
  count();
}
