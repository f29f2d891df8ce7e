// Where one stands, asked for by a button only: latitude and longitude into the field that the button names.

const DIGITS = 6;

function setUp(button) {
  const field = document.getElementById(button.dataset.locate);
  const word = button.textContent;
  if (!field) return;
  button.hidden = false;
  button.addEventListener("click", () => {
    button.textContent = button.dataset.busy;
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        field.value = `${coords.latitude.toFixed(DIGITS)},${coords.longitude.toFixed(DIGITS)}`;
        field.dispatchEvent(new Event("input", { bubbles: true }));
        button.textContent = word;
      },
      () => { button.textContent = button.dataset.failed; },
      { enableHighAccuracy: true, timeout: 20_000, maximumAge: 60_000 },
    );
  });
}

if (navigator.geolocation) document.querySelectorAll("[data-locate]").forEach(setUp);
