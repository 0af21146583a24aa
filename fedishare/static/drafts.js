// What somebody writes is kept on the server while they write. Without this file there is a button for it.
const form = document.querySelector("form[data-draft]");

const PAUSE = 3000;
const LATEST = 20000;
const AGAIN = 10000;

if (form) {
  const state = form.querySelector("[data-draft-state]");
  const words = state.dataset;
  const saver = form.querySelector("[data-save]");
  let timer, since = 0, typed = 0, underway = null, isLeaving = false;

  const told = (text, isBad = false) => {
    state.textContent = text;
    state.classList.toggle("said-badly", isBad);
  };

  const later = (wait = PAUSE) => {
    typed += 1;
    since ||= Date.now();
    clearTimeout(timer);
    timer = setTimeout(save, Math.max(0, Math.min(wait, since + LATEST - Date.now())));
  };

  // Pictures are sent once. What goes up as a file does so elsewhere.
  const filled = () => {
    const data = new FormData(form);
    data.delete("files");
    for (const [name, value] of [...data]) if (value instanceof File && !value.size) data.delete(name);
    return data;
  };

  const keepPictures = (keys) => {
    for (const input of form.querySelectorAll("input[type=file][name^=picture_]")) {
      const number = input.name.split("_")[1];
      if (!input.files.length || !keys[number]) continue;
      input.after(Object.assign(document.createElement("input"), { type: "hidden", name: `picture_key_${number}`, value: keys[number] }));
      input.value = "";
    }
  };

  const save = () => {
    clearTimeout(timer);
    if (isLeaving) return Promise.resolve();
    return (underway ??= keep().finally(() => { underway = null; }));
  };

  const keep = async () => {
    const before = typed;
    since = 0;
    try {
      const answer = await fetch("/drafts", { method: "POST", body: filled(), headers: { Accept: "application/json" } });
      const said = await answer.json();
      if (!answer.ok) {
        told(answer.status === 401 ? words.signedOut : said.detail, true);
        return;
      }
      form.elements.draft.value = said.draft;
      form.elements.draft_version.value = said.version;
      keepPictures(said.pictures);
      history.replaceState(history.state, "", `/drafts/${said.draft}`);
      const clock = new Date().toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
      if (said.told || said.errors.length) told([said.told, ...said.errors].filter(Boolean).join(" "), true);
      else told(`${words.saved} ${clock}`);
      if (typed === before) form.dispatchEvent(new Event("kept"));
      else later();
    } catch {
      told(words.offline, true);
      later(AGAIN);
    }
  };

  form.addEventListener("input", () => later());
  form.addEventListener("files", () => later(200));
  for (const input of form.querySelectorAll("input[type=file][name^=picture_]")) {
    input.addEventListener("change", () => form.querySelector(`input[name=picture_key_${input.name.split("_")[1]}]`)?.remove());
  }

  form.addEventListener("submit", (event) => {
    if (event.defaultPrevented) return;
    if (event.submitter === saver) {
      event.preventDefault();
      typed += 1;
      (underway ?? Promise.resolve()).then(save);
    } else if (underway) {
      // Or what is being saved would come after what is shared.
      event.preventDefault();
      underway.finally(() => form.requestSubmit(event.submitter));
    } else {
      isLeaving = true;
      clearTimeout(timer);
    }
  });
  addEventListener("pageshow", () => { isLeaving = false; });
}
