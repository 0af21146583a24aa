// Files go up while somebody writes, piece by piece (tus 1.0.0), and go on after a broken connection where they stopped.
// Without this file they travel with the form.
const form = document.querySelector("form[data-compose]");
const zone = form?.querySelector("[data-uploads]");

const PIECE = 4 << 20;
const AT_ONCE = 3;
const SILENCE = 30000;
const LONGEST_WAIT = 30000;
const TUS = { "Tus-Resumable": "1.0.0", Accept: "application/problem+json" };

const words = zone?.dataset;
const list = zone?.querySelector("[data-list]");
const queue = [];
let awaited = null;

// What went wrong for good, in the server's words; anything else is tried again.
class Refused extends Error {}
class SignedOut extends Error {}
class Lost extends Error {}

const readable = (bytes) => {
  for (const [unit, size] of [["GB", 1e9], ["MB", 1e6], ["KB", 1e3]]) if (bytes >= size) return `${(bytes / size).toFixed(bytes < 10 * size && unit !== "KB" ? 1 : 0)} ${unit}`;
  return `${bytes} bytes`;
};
const inBase64 = (text) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));
const say = (text) => { zone.querySelector("[data-said]").textContent = text; };
const changed = () => form.dispatchEvent(new Event("files"));
const isBusy = () => queue.some((each) => ["waiting", "sending", "offline"].includes(each.state));

async function ask(method, path, headers = {}, body = null) {
  let answer;
  try {
    answer = await fetch(path, { method, headers: { ...TUS, ...headers }, body, redirect: "manual", signal: AbortSignal.timeout(SILENCE) });
  } catch {
    throw new Lost();
  }
  if (answer.type === "opaqueredirect" || answer.status === 401) throw new SignedOut();
  if (answer.ok) return answer;
  if (answer.status >= 500 || [408, 409, 423, 429].includes(answer.status)) throw new Lost();
  const problem = method === "HEAD" ? {} : await answer.json().catch(() => ({}));
  throw Object.assign(new Refused(problem.detail ?? words.failed), { status: answer.status });
}

class Upload {
  constructor(file, line = null) {
    this.file = file;
    this.offset = Number(line?.dataset.received ?? 0);
    this.path = line ? `/uploads/${line.dataset.key}` : null;
    this.state = "waiting";
    this.tries = 0;
    this.line = line ?? this.newLine();
    this.bar = Object.assign(document.createElement("progress"), { max: file.size, value: this.offset });
    this.bar.setAttribute("aria-label", file.name);
    this.facts = this.line.querySelector(".file-facts");
    this.facts.after(this.bar);
    this.buttons();
    this.show();
  }

  newLine() {
    const line = document.createElement("li");
    const tile = Object.assign(document.createElement("span"), { className: "file-type ft-other" });
    tile.textContent = (this.file.name.split(".").pop() || "?").slice(0, 4).toUpperCase();
    tile.setAttribute("aria-hidden", "true");
    const about = document.createElement("span");
    const name = Object.assign(document.createElement("bdi"), { className: "file-name", textContent: this.file.name });
    about.append(name, Object.assign(document.createElement("span"), { className: "file-facts" }));
    line.className = "file upload";
    line.append(tile, about);
    list.append(line);
    return line;
  }

  buttons() {
    this.line.querySelector(".without-script")?.remove();
    const row = Object.assign(document.createElement("span"), { className: "row" });
    this.pauser = button("pause", this.file.name, () => (this.state === "paused" || this.state === "signedOut" ? this.resume() : this.pause()));
    row.append(this.pauser, button("remove", this.file.name, () => this.remove()));
    this.line.append(row);
  }

  show(text = null) {
    const percent = Math.floor((this.bar.value / this.file.size) * 100);
    const known = { waiting: words.waiting, paused: words.paused, offline: words.offline, signedOut: words.signedOut };
    this.facts.textContent = text ?? known[this.state] ?? `${readable(this.bar.value)} / ${readable(this.file.size)} · ${percent} %`;
    this.facts.classList.toggle("wrong-facts", this.state === "failed");
    this.pauser.hidden = this.state === "failed";
    label(this.pauser, this.state === "paused" || this.state === "signedOut" ? "goOn" : "pause", this.file.name);
  }

  async run() {
    this.state = "sending";
    this.show();
    try {
      if (!this.path) await this.create();
      else await this.find();
      while (this.offset < this.file.size && this.state === "sending") await this.send();
      if (this.state === "sending") await this.finish();
    } catch (error) {
      if (this.state === "sending") this.stumble(error);
    }
    next();
  }

  async create() {
    const headers = { "Upload-Length": String(this.file.size), "Upload-Metadata": `filename ${inBase64(this.file.name)}` };
    const answer = await ask("POST", "/uploads", headers);
    this.path = new URL(answer.headers.get("Location"), location.href).pathname;
    const key = Object.assign(document.createElement("input"), { type: "hidden", name: "upload", value: this.path.split("/").pop() });
    this.line.append(key);
    this.line.dataset.key = key.value;
    changed();
  }

  async find() {
    try {
      const answer = await ask("HEAD", this.path);
      this.offset = Number(answer.headers.get("Upload-Offset"));
      this.bar.value = this.offset;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      // It waited for too long, and was given up.
      this.line.querySelector("input[name=upload]")?.remove();
      this.path = null;
      this.offset = 0;
      await this.create();
    }
  }

  // fetch() does not tell how much has left, XMLHttpRequest does.
  send() {
    return new Promise((resolve, reject) => {
      const request = (this.request = new XMLHttpRequest());
      let watch;
      const alive = () => { clearTimeout(watch); watch = setTimeout(() => request.abort(), SILENCE); };
      const from = this.offset;
      request.open("PATCH", this.path);
      for (const [name, value] of Object.entries({ ...TUS, "Upload-Offset": from, "Content-Type": "application/offset+octet-stream" })) request.setRequestHeader(name, value);
      request.upload.onprogress = (event) => { alive(); this.bar.value = from + event.loaded; this.show(); };
      request.onloadend = () => {
        clearTimeout(watch);
        if (request.status === 204) {
          this.offset = Number(request.getResponseHeader("Upload-Offset"));
          this.tries = 0;
          resolve();
        } else if (request.status === 401) reject(new SignedOut());
        else if (request.status === 0 || request.status >= 500 || [400, 404, 408, 409, 423, 429].includes(request.status)) reject(new Lost());
        else {
          let said = words.failed;
          try { said = JSON.parse(request.responseText).detail; } catch { /* Some proxy said it in its own way. */ }
          reject(new Refused(said));
        }
      };
      alive();
      request.send(this.file.slice(from, from + PIECE));
    });
  }

  async finish() {
    const answer = await ask("GET", this.path);
    const held = document.createElement("template");
    held.innerHTML = (await answer.text()).trim();
    const line = held.content.querySelector("li");
    this.state = "done";
    this.line.replaceWith(line);
    queue.splice(queue.indexOf(this), 1);
    dress(line);
    say(`${this.file.name} ${words.done}`);
    changed();
  }

  stumble(error) {
    if (error instanceof Refused) {
      this.state = "failed";
      this.line.querySelector("input[name=upload]")?.remove();
      this.bar.remove();
      this.show(error.message);
      say(error.message);
      changed();
    } else if (error instanceof SignedOut) {
      this.state = "signedOut";
      this.show();
      say(words.signedOut);
    } else {
      this.state = "offline";
      this.show();
      const wait = Math.min(LONGEST_WAIT, 1000 * 2 ** this.tries++);
      this.timer = setTimeout(() => this.resume(), wait * (0.75 + Math.random() / 2));
    }
  }

  pause() {
    clearTimeout(this.timer);
    this.state = "paused";
    this.request?.abort();
    this.show();
    next();
  }

  resume() {
    clearTimeout(this.timer);
    this.state = "waiting";
    this.show();
    next();
  }

  remove() {
    clearTimeout(this.timer);
    this.state = "removed";
    this.request?.abort();
    queue.splice(queue.indexOf(this), 1);
    drop(this.line);
    next();
  }
}

// Starts what waits, and sends the form once nothing does.
function next() {
  let sending = queue.filter((each) => each.state === "sending").length;
  for (const each of queue) {
    if (sending >= AT_ONCE) break;
    if (each.state !== "waiting") continue;
    sending += 1;
    each.run();
  }
  if (awaited && !isBusy()) {
    const button = awaited;
    awaited = null;
    if (!queue.length) form.requestSubmit(button);
  }
}

function label(control, word, name) {
  control.textContent = words[word];
  control.setAttribute("aria-label", `${words[word]}: ${name}`);
}

function button(word, name, act) {
  const made = Object.assign(document.createElement("button"), { type: "button", className: "soft small-button" });
  label(made, word, name);
  made.addEventListener("click", act);
  return made;
}

function drop(line) {
  const key = line.dataset.key;
  const after = line.nextElementSibling ?? line.previousElementSibling;
  line.remove();
  (after?.querySelector("button") ?? zone.querySelector("#files")).focus();
  // What a resource holds already goes when the form is sent.
  if (key && !key.includes(":")) ask("DELETE", `/uploads/${key}`).catch(() => {});
  changed();
}

function move(line, by) {
  const other = by < 0 ? line.previousElementSibling : line.nextElementSibling;
  if (other) by < 0 ? other.before(line) : other.after(line);
  changed();
}

// A file that is here: what it has without scripts becomes buttons.
function dress(line) {
  const name = line.dataset.name;
  line.querySelector(".without-script")?.remove();
  const row = Object.assign(document.createElement("span"), { className: "row" });
  for (const [word, by] of [["up", -1], ["down", 1]]) {
    const mover = button(word, name, () => { move(line, by); mover.focus(); });
    row.append(mover);
  }
  row.append(button("remove", name, () => drop(line)));
  line.append(row);
}

// Nobody has to type what the name of the file says already.
function entitle(name) {
  const title = form.querySelector("#title");
  if (!title || title.value) return;
  const words = name.replace(/\.[^.]+$/, "").replace(/[_.\s-]+/g, " ").trim();
  title.value = words.charAt(0).toUpperCase() + words.slice(1);
}

function take(files) {
  for (const file of files) {
    const begun = [...list.children].find((line) => line.dataset.name === file.name && Number(line.dataset.size) === file.size
      && Number(line.dataset.received) < file.size && !queue.some((each) => each.line === line));
    const upload = new Upload(file, begun ?? null);
    if (file.size > Number(words.most)) upload.stumble(new Refused(words.tooLarge));
    queue.push(upload);
    entitle(file.name);
  }
  next();
}

if (zone) {
  const input = zone.querySelector("#files");
  for (const line of list.children) if (line.dataset.received === line.dataset.size) dress(line);
  input.addEventListener("change", () => { take([...input.files]); input.value = ""; });
  zone.querySelector("[data-with-script]").hidden = false;

  const bringsFiles = (event) => event.dataTransfer?.types.includes("Files") && !event.target.closest?.("[data-slot]");
  addEventListener("dragover", (event) => {
    if (!bringsFiles(event)) return;
    event.preventDefault();
    zone.classList.add("is-over");
  });
  addEventListener("dragleave", (event) => { if (!event.relatedTarget) zone.classList.remove("is-over"); });
  addEventListener("drop", (event) => {
    if (!bringsFiles(event)) return;
    event.preventDefault();
    zone.classList.remove("is-over");
    const kind = form.querySelector("#resource");
    if (kind) kind.checked = true;
    take([...event.dataTransfer.files]);
    zone.scrollIntoView({ block: "nearest" });
  });
  addEventListener("online", () => queue.filter((each) => each.state === "offline").forEach((each) => each.resume()));
  addEventListener("beforeunload", (event) => { if (isBusy()) event.preventDefault(); });

  form.addEventListener("submit", (event) => {
    if (event.submitter?.hasAttribute("data-save") || !isBusy()) return;
    event.preventDefault();
    awaited = event.submitter;
    say("");
    say(words.hold);
    zone.querySelector("[data-with-script]").textContent = words.hold;
  });
}
