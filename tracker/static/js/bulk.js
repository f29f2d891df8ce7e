// Selecting rows: how many, all of this page, and a bar that shows itself once something is selected.
// Without script the bar is always there and the form still sends the ticked rows.

function setUp(form) {
  const boxes = [...form.querySelectorAll("[data-pick]")];
  const all = form.querySelector("[data-pick-all]");
  const bar = form.querySelector("[data-bulk-bar]");
  const count = form.querySelector("[data-bulk-count]");
  if (!boxes.length || !bar) return;

  function show() {
    const picked = boxes.filter((box) => box.checked);
    for (const box of boxes) box.closest("tr").classList.toggle("is-picked", box.checked);
    bar.hidden = picked.length === 0;
    if (count) count.textContent = count.dataset.bulkCount.replace("%n", String(picked.length));
    if (all) {
      all.checked = picked.length === boxes.length;
      all.indeterminate = picked.length > 0 && picked.length < boxes.length;
    }
  }

  function set(checked) {
    for (const box of boxes) box.checked = checked;
    show();
  }

  if (all) {
    all.closest("[hidden]")?.removeAttribute("hidden");
    all.addEventListener("change", () => set(all.checked));
  }
  form.addEventListener("change", (event) => { if (event.target.matches("[data-pick]")) show(); });
  form.addEventListener("bulk:clear", () => set(false));
  form.querySelector("[data-bulk-clear]")?.addEventListener("click", () => set(false));
  addEventListener("pageshow", show);
  show();
}

document.querySelectorAll("form[data-bulk]").forEach(setUp);
