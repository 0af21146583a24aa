// Everything works without this file; it only makes a few things nicer.
const menus = document.querySelectorAll("details.more");
const closeMenus = (except) => menus.forEach((menu) => { if (menu !== except) menu.open = false; });
document.addEventListener("click", (event) => closeMenus(event.target.closest("details.more")));
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const open = document.querySelector("details.more[open]");
  if (open) { open.open = false; open.querySelector("summary").focus(); }
});

// A form that came back with mistakes is announced and reached at once.
document.getElementById("errors")?.focus();

// One press is enough, however slow the network.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented) return;
  if (form.dataset.sent) { event.preventDefault(); return; }
  form.dataset.sent = "1";
  setTimeout(() => delete form.dataset.sent, 8000);
});
addEventListener("pageshow", () => document.querySelectorAll("[data-sent]").forEach((form) => delete form.dataset.sent));

for (const area of document.querySelectorAll("textarea[data-count]")) {
  const counter = document.createElement("p");
  counter.className = "counter";
  const most = Number(area.dataset.count);
  const count = () => {
    const left = most - area.value.length;
    counter.hidden = left > most / 5;
    counter.textContent = left;
    counter.setAttribute("role", left < 50 ? "status" : "presentation");
  };
  area.after(counter);
  area.addEventListener("input", count);
  count();
}

const compose = document.querySelector("form[data-compose]");
if (compose) {
  const slots = [...compose.querySelectorAll("[data-slot]")];
  const isUsed = (slot) => slot.querySelector("img") || slot.querySelector("input[type=file]")?.files.length;
  // Empty places for pictures show one at a time.
  const arrange = () => {
    let isOffered = false;
    for (const slot of slots) {
      slot.hidden = !isUsed(slot) && isOffered;
      isOffered ||= !isUsed(slot);
      for (const about of slot.querySelectorAll("input[name^=alt], select")) about.closest(".field").hidden = !isUsed(slot);
    }
  };
  for (const slot of slots) {
    const input = slot.querySelector("input[type=file]");
    input?.addEventListener("change", () => {
      slot.querySelector("img")?.remove();
      const file = input.files[0];
      if (file) {
        const image = new Image();
        image.className = "thumb";
        image.alt = "";
        const reader = new FileReader();
        reader.onload = () => { image.src = reader.result; };
        reader.readAsDataURL(file);
        slot.prepend(image);
      }
      arrange();
      if (file) slot.querySelector("input[name^=alt]").focus();
    });
  }
  arrange();

  // What was typed is not lost by a slip of the thumb.
  let isChanged = false;
  compose.addEventListener("input", () => { isChanged = true; });
  compose.addEventListener("submit", () => { isChanged = false; });
  compose.addEventListener("kept", () => { isChanged = false; });
  addEventListener("beforeunload", (event) => { if (isChanged) event.preventDefault(); });
}
