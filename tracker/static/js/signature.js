// A signature drawn with a finger or a pen becomes a PNG in the file input beside it. Without script, a pointer or a
// canvas a photograph of the signed sheet goes the same way.

const LINE = 2.5;

function setUp(group) {
  const board = group.querySelector("[data-signature-board]");
  const canvas = board.querySelector("canvas");
  const input = group.querySelector("input[type=file]");
  const state = board.querySelector("[data-signature-state]");
  const pen = canvas.getContext("2d");
  let isDrawn = false;
  let last = null;
  board.hidden = false;

  /** White paper: a transparent picture would be redrawn on black. */
  function clear() {
    const scale = window.devicePixelRatio || 1;
    canvas.width = Math.round(canvas.clientWidth * scale);
    canvas.height = Math.round(canvas.clientHeight * scale);
    pen.scale(scale, scale);
    pen.fillStyle = "#fff";
    pen.fillRect(0, 0, canvas.clientWidth, canvas.clientHeight);
    Object.assign(pen, { lineWidth: LINE, lineCap: "round", lineJoin: "round", strokeStyle: "#111" });
    isDrawn = false;
    state.textContent = state.dataset.empty;
  }

  function point(event) {
    const frame = canvas.getBoundingClientRect();
    return [event.clientX - frame.left, event.clientY - frame.top];
  }

  function draw(event) {
    if (!last) return;
    const next = point(event);
    pen.beginPath();
    pen.moveTo(...last);
    pen.lineTo(...next);
    pen.stroke();
    last = next;
    isDrawn = true;
  }

  async function give() {
    last = null;
    if (!isDrawn) return;
    // Nothing is sent while the picture is being made.
    input.form.dataset.sending = "yes";
    try {
      const picture = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
      if (!picture) return;
      const transfer = new DataTransfer();
      transfer.items.add(new File([picture], "signature.png", { type: "image/png" }));
      input.files = transfer.files;
      state.textContent = state.dataset.signed;
    } finally {
      delete input.form.dataset.sending;
    }
  }

  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    last = point(event);
    draw(event);
    event.preventDefault();
  });
  canvas.addEventListener("pointermove", draw);
  canvas.addEventListener("pointerup", give);
  canvas.addEventListener("pointercancel", give);
  board.querySelector("[data-signature-clear]").addEventListener("click", () => { clear(); input.value = ""; });
  clear();
}

if (window.DataTransfer && window.PointerEvent) document.querySelectorAll("[data-signature]").forEach(setUp);
