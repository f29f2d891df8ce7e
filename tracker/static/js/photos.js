// Photographs from a phone: seen before they are sent, and made smaller (at most 2560 px, JPEG) when that
// saves anything. Exif (time, place) is carried over, with the orientation already applied.
// Previews are drawn on a canvas, so the page needs no blob: in its content security policy.
// Without script the plain file input sends the originals.

const LONGEST = 2560;
const QUALITY = 0.85;
const SMALL_BYTES = 3e6;

/** The Exif segment of a JPEG with orientation set to 1, or null. Source: Exif 2.32, TIFF 6.0. */
function exifOf(buffer) {
  const view = new DataView(buffer);
  if (view.byteLength < 4 || view.getUint16(0) !== 0xffd8) return null;
  let at = 2;
  while (at + 10 < view.byteLength && view.getUint8(at) === 0xff) {
    const length = view.getUint16(at + 2);
    if (view.getUint16(at) === 0xffe1 && view.getUint32(at + 4) === 0x45786966) return upright(buffer.slice(at, at + 2 + length));
    if (view.getUint16(at) === 0xffda) return null;
    at += 2 + length;
  }
  return null;
}

function upright(segment) {
  const view = new DataView(segment);
  const tiff = 10;
  if (view.byteLength < tiff + 8) return null;
  const little = view.getUint16(tiff) === 0x4949;
  const directory = tiff + view.getUint32(tiff + 4, little);
  if (directory + 2 > view.byteLength) return null;
  const entries = view.getUint16(directory, little);
  for (let i = 0; i < entries; i += 1) {
    const entry = directory + 2 + i * 12;
    if (entry + 12 > view.byteLength) break;
    if (view.getUint16(entry, little) === 0x0112) view.setUint16(entry + 8, 1, little);
  }
  return segment;
}

async function smaller(file, picture) {
  const scale = Math.min(1, LONGEST / Math.max(picture.width, picture.height));
  // An original that is small enough stays what the camera wrote.
  if (scale === 1 && file.size <= SMALL_BYTES) return file;
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(picture.width * scale);
  canvas.height = Math.round(picture.height * scale);
  canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
  const drawn = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", QUALITY));
  if (!drawn || drawn.size >= file.size) return file;
  const exif = exifOf(await file.arrayBuffer());
  const parts = exif ? [drawn.slice(0, 2), exif, drawn.slice(2)] : [drawn];
  const name = file.name.replace(/\.[^.]*$/, "") + ".jpg";
  return new File(parts, name, { type: "image/jpeg", lastModified: file.lastModified });
}

function preview(picture, words, onRemove) {
  const figure = document.createElement("figure");
  const canvas = document.createElement("canvas");
  const side = Math.min(picture.width, picture.height);
  canvas.width = canvas.height = 240;
  canvas.getContext("2d").drawImage(picture, (picture.width - side) / 2, (picture.height - side) / 2, side, side, 0, 0, 240, 240);
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", words.name);
  const caption = document.createElement("figcaption");
  const remove = document.createElement("button");
  remove.type = "button";
  remove.className = "button button--link";
  remove.textContent = words.remove;
  remove.setAttribute("aria-label", `${words.remove} ${words.name}`);
  remove.addEventListener("click", onRemove);
  caption.append(words.size, remove);
  figure.append(canvas, caption);
  return figure;
}

function setUp(frame) {
  const input = frame.querySelector("input[type=file][name]");
  const camera = frame.querySelector("[data-camera]");
  const state = frame.parentElement.querySelector("[data-photo-state]");
  let kept = [];

  function give() {
    const transfer = new DataTransfer();
    for (const one of kept) transfer.items.add(one.file);
    input.files = transfer.files;
    if (state) state.textContent = state.dataset.photoState.replace("%n", String(kept.length));
    input.dispatchEvent(new CustomEvent("photos:changed", { bubbles: true }));
  }

  async function add(file) {
    let picture;
    try {
      picture = await createImageBitmap(file, { imageOrientation: "from-image" });
    } catch (error) {
      // Not a picture this browser can draw (HEIC, PDF): it is sent as it is, the server decides.
      console.info("sent without preview", file.name, error);
      kept.push({ file });
      return;
    }
    const ready = await smaller(file, picture);
    const one = { file: ready };
    const words = { name: file.name, remove: frame.dataset.wordRemove, size: ready.size < 1e5 ? `${Math.ceil(ready.size / 1e3)} kB` : `${(ready.size / 1e6).toFixed(1)} MB` };
    one.figure = preview(picture, words, () => {
      kept = kept.filter((other) => other !== one);
      one.figure.remove();
      give();
      input.focus();
    });
    frame.querySelector("label").before(one.figure);
    picture.close();
    kept.push(one);
  }

  async function take(source) {
    const form = input.form;
    const chosen = [...source.files];
    if (source !== input) source.value = "";
    // Nothing is sent while pictures are still being made smaller.
    if (form) form.dataset.sending = "yes";
    if (state) state.textContent = state.dataset.photoBusy;
    try {
      if (!input.multiple && chosen.length) {
        for (const one of kept) one.figure?.remove();
        kept = [];
      }
      for (const file of chosen) await add(file);
    } finally {
      if (form) delete form.dataset.sending;
      give();
    }
  }

  // The camera's own input has no name: what it takes goes the way of the others.
  for (const source of [input, camera]) source?.addEventListener("change", () => take(source));
}

if (window.DataTransfer && window.createImageBitmap) document.querySelectorAll("[data-photos]").forEach(setUp);
