"use strict";
// The page of a desk. Text comes in as text alone; nothing is ever read as HTML.

const main = document.getElementById("main");
const count = document.getElementById("count");
const withdrawing = document.getElementById("withdraw");
const IDLE_MS = 1000 * Number(document.body.dataset.idle);
const BEAT_MS = Math.min(60000, 250 * Number(document.body.dataset.lease));
const ASKS_SURE = document.body.dataset.sure === "1";
const WAIT_MS = 3000;
const SOON_MS = 1000;
const LATEST_MS = 30000;
const PLACES = 9;

let token = "";
let step = 0; // counts what was shown, so that nothing old goes on

function make(name, given = {}, ...inside) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(given)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value !== null && value !== false) made.setAttribute(key, value);
  }
  made.append(...inside.filter((one) => one !== null));
  return made;
}

function show(...inside) {
  step += 1;
  main.replaceChildren(...inside.filter((one) => one !== null));
  window.scrollTo(0, 0);
  return step;
}

// Time in focus: it stands still without focus, and after IDLE_MS without a sign of life.
class Watch {
  constructor(kept = { active: 0, wall: 0, away: 0 }) {
    this.active = kept.active;
    this.wall = kept.wall;
    this.away = kept.away;
    this.last = performance.now();
    this.input = this.last;
    this.here = Watch.isHere();
  }

  static isHere() {
    return document.visibilityState === "visible" && document.hasFocus();
  }

  count() {
    const now = performance.now();
    this.wall += now - this.last;
    if (!this.here) this.away += now - this.last;
    else this.active += Math.max(0, Math.min(now, this.input + IDLE_MS) - this.last);
    this.last = now;
    return now;
  }

  sign() {
    this.input = this.count();
  }

  look() {
    const now = this.count();
    const here = Watch.isHere();
    if (here && !this.here) this.input = now;
    this.here = here;
  }

  told() {
    this.count();
    const seconds = (ms) => Math.round(ms) / 1000;
    return {
      seconds: seconds(this.active),
      wall_s: seconds(this.wall),
      away_s: seconds(this.away),
    };
  }
}

let watch = null;
for (const name of ["keydown", "pointerdown", "pointermove", "wheel", "touchmove", "scroll"]) {
  window.addEventListener(name, () => watch?.sign(), { passive: true, capture: true });
}
for (const name of ["focus", "blur", "pageshow", "pagehide"]) {
  window.addEventListener(name, () => watch?.look());
}
document.addEventListener("visibilitychange", () => watch?.look());

// What was spent on a question goes on after the page was loaded again.
const KEPT = "desk-time";
function keep(assignment) {
  watch.count();
  const { active, wall, away } = watch;
  try {
    sessionStorage.setItem(KEPT, JSON.stringify({ assignment, active, wall, away }));
  } catch { /* a browser that keeps nothing */ }
}
function kept(assignment) {
  try {
    const found = JSON.parse(sessionStorage.getItem(KEPT));
    return found?.assignment === assignment ? found : undefined;
  } catch {
    return undefined;
  }
}

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

class Refused extends Error {}

async function send(path, body) {
  const headers = { "Content-Type": "application/json" };
  if (token) headers.Authorization = `Bearer ${token}`;
  const options = { method: "POST", headers, body: JSON.stringify(body), cache: "no-store" };
  for (let wait = SOON_MS; ; wait = Math.min(2 * wait, LATEST_MS)) {
    let answer = null;
    try {
      answer = await fetch(`/api/${path}`, options);
    } catch {
      tell("No connection. Your answer is kept, and sent again by itself.");
    }
    if (answer !== null && answer.status !== 429 && answer.status < 500) {
      const told = await answer.json().catch(() => null);
      if (told !== null) {
        tell("");
        if (!answer.ok) throw new Refused(told.error);
        return told;
      }
    }
    if (answer !== null) tell("The server is busy. Your answer is kept, and sent again.");
    await pause(wait);
  }
}

function tell(words) {
  const place = document.getElementById("said");
  if (place) place.textContent = words;
}

const said = () => make("p", { id: "said", class: "said", role: "status" });

async function ask(path, body = {}) {
  try {
    await view(await send(path, body));
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    refuse(error.message);
  }
}

function refuse(words) {
  watch = null;
  withdrawing.hidden = true;
  count.textContent = "";
  show(make("h2", {}, words));
}

async function view(told) {
  watch = null;
  withdrawing.hidden = told.state === "withdrawn";
  count.textContent = told.answers ? `${told.answers} answered` : "";
  if (told.state === "consent") return consent(told.consent);
  if (told.state === "question") return question(told.question);
  if (told.state === "withdrawn") {
    show(
      make("h2", {}, "You have withdrawn"),
      make("p", {}, "Your answers, their times and your link are deleted."),
    );
    return undefined;
  }
  return rest(told);
}

function consent(text) {
  const agree = () => ask("consent", { consent: text });
  show(
    make("h2", {}, "Before you begin"),
    make("div", { class: "text" }, text.replace(/(\S)\n(?=\S)/g, "$1 ")),
    make(
      "div",
      { class: "row" },
      make("button", { type: "button", class: "main", onclick: agree }, "I agree to take part"),
    ),
    make("p", {}, "If you do not agree, close this page: no answer of yours is kept."),
    said(),
  );
}

async function rest(told) {
  const code = told.code
    ? [make("p", {}, "Your completion code:"), make("p", { class: "code" }, told.code)]
    : [];
  const isDone = told.state === "done";
  const heading = isDone ? "Thank you, you are done" : "No question for you right now";
  const shown = show(
    make("h2", {}, heading),
    isDone
      ? null
      : make(
          "p",
          {},
          told.code
            ? "You may stop here. If you stay, new questions appear by themselves."
            : "Please keep this page open: new questions appear by themselves.",
        ),
    ...code,
    said(),
  );
  if (isDone) return;
  while (shown === step) {
    await pause(WAIT_MS);
    if (shown !== step) return;
    let next;
    try {
      next = await send("next", {});
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (shown === step) refuse(error.message);
      return;
    }
    // the same again: leave it as it stands, so that nothing is read out anew
    if (next.state !== told.state || next.code !== told.code) {
      if (shown === step) await view(next);
      return;
    }
  }
}

function part(content, heading) {
  const inside = heading ? [make("h2", {}, heading)] : [];
  if ("picture" in content) {
    const picture = make("img", { src: content.picture, alt: "The picture to judge" });
    picture.addEventListener("load", () => {
      picture.classList.toggle("small", picture.naturalWidth < 128);
    });
    inside.push(picture);
  } else if ("table" in content) {
    const rows = content.table.map(([name, value]) =>
      make("tr", {}, make("th", { scope: "row" }, name), make("td", {}, value)),
    );
    inside.push(make("table", {}, make("tbody", {}, ...rows)));
  } else {
    inside.push(make("p", { class: "text" }, content.text));
  }
  // what can be scrolled must be reached by keyboard
  return make("section", { class: "part", tabindex: "0", "aria-label": heading || "To judge" }, ...inside);
}

function keyOf(place) {
  return place < PLACES ? make("kbd", { "aria-hidden": "true" }, String(place + 1)) : null;
}

// The three ways to answer: each tells what is said so far, or undefined.
function choose(options, name) {
  const inputs = options.map((_, place) =>
    make("input", { type: "radio", name, value: place, "aria-keyshortcuts": place + 1 }),
  );
  const rows = options.map((words, place) =>
    make("label", { class: "choice" }, inputs[place], make("span", {}, words), keyOf(place)),
  );
  return {
    rows,
    press: (place) => inputs[place]?.click(),
    said: () => {
      const place = inputs.findIndex((one) => one.checked);
      return place < 0 ? undefined : place;
    },
  };
}

function mark(options) {
  const inputs = options.map(() => make("input", { type: "checkbox" }));
  const rows = options.map((words, place) =>
    make("label", { class: "choice" }, inputs[place], make("span", {}, words), keyOf(place)),
  );
  return {
    rows,
    press: (place) => inputs[place]?.click(),
    said: () => inputs.map((one) => Number(one.checked)),
  };
}

function rank(options, changed) {
  let order = [];
  const places = options.map(() => make("span", { class: "rank" }));
  const buttons = options.map((words, place) =>
    make(
      "button",
      { type: "button", class: "choice", "aria-pressed": "false", onclick: () => press(place) },
      make("span", {}, words),
      places[place],
      keyOf(place),
    ),
  );
  function press(place) {
    if (place >= options.length) return;
    // pressed again, an option goes, and those behind it move up
    order = order.includes(place) ? order.filter((one) => one !== place) : [...order, place];
    // the last one is no choice any more
    if (order.length === options.length - 1 && order.at(-1) === place) {
      order.push(options.findIndex((_, other) => !order.includes(other)));
    }
    buttons.forEach((button, other) => {
      const at = order.indexOf(other);
      button.setAttribute("aria-pressed", String(at >= 0));
      places[other].textContent = at < 0 ? "" : `${at + 1}.`;
    });
    changed();
  }
  return { rows: buttons, press, said: () => (order.length === options.length ? order : undefined) };
}

function question(asked) {
  const isPair = asked.kind === "preference";
  const ways = { importance: rank, marks: mark };
  const way = ways[asked.kind]
    ? ways[asked.kind](asked.options, () => refresh())
    : choose(asked.options, "choice");
  let sure = null;
  const told = make("output", {}, "not said");
  const slider = make("input", {
    type: "range", min: 0, max: 100, step: 5, value: 50, id: "confidence",
    oninput: () => {
      sure = Number(slider.value) / 100;
      told.textContent = `${slider.value} %`;
    },
  });
  const confidence = ASKS_SURE
    ? make("p", {}, make("label", { for: "confidence" }, "How likely is your answer right? "), slider, " ", told)
    : null;
  const answering = make("button", { type: "button", class: "main", onclick: () => submit(way.said()) }, "Answer");
  const skipping = make("button", { type: "button", onclick: () => submit(null) }, "Skip");
  const words = document.getElementById("instructions").content.textContent;
  const many = asked.options.length > 4 && asked.kind !== "difficulty" ? " many" : "";
  const proposal = ["relevance", "difficulty"].includes(asked.kind) ? "Its label" : "Proposed answer";
  const shown = show(
    words ? make("p", { class: "text" }, words) : null,
    make(
      "div",
      { class: isPair ? "parts two" : "parts" },
      ...asked.parts.map((one, place) => part(one, isPair ? ["First", "Second"][place] : "")),
      asked.suggestion === undefined ? null : part({ text: asked.suggestion }, proposal),
    ),
    make(
      "fieldset",
      { id: "answer", tabindex: "-1" },
      make("legend", {}, asked.ask),
      make("div", { class: `choices${many}` }, ...way.rows),
    ),
    confidence,
    make("div", { class: "row" }, answering, skipping),
    make("p", { class: "keys" }, keysOf(asked)),
    said(),
  );
  let isSent = false;

  function refresh() {
    answering.setAttribute("aria-disabled", String(way.said() === undefined));
  }

  async function submit(what) {
    if (isSent || shown !== step) return;
    if (what === undefined) {
      tell("Please choose an answer, or skip this question.");
      return;
    }
    isSent = true;
    const times = watch.told();
    watch = null;
    window.removeEventListener("keydown", pressed);
    await ask("answer", { assignment: asked.assignment, said: what, confidence: what === null ? null : sure, ...times });
  }

  function pressed(event) {
    if (shown !== step) {
      window.removeEventListener("keydown", pressed);
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    const place = Number(event.key) - 1;
    if (place >= 0 && place < Math.min(PLACES, asked.options.length)) way.press(place);
    else if (event.key === "s") submit(null);
    else if (event.key === "Enter" && event.target.tagName !== "BUTTON") submit(way.said());
    else return;
    event.preventDefault();
  }

  async function stay() {
    while (shown === step && !isSent) {
      await pause(BEAT_MS);
      if (shown !== step || isSent) return;
      keep(asked.assignment);
      if (Watch.isHere() && performance.now() - watch.input < IDLE_MS) {
        const headers = { "Content-Type": "application/json", Authorization: `Bearer ${token}` };
        const body = JSON.stringify({ assignment: asked.assignment });
        fetch("/api/beat", { method: "POST", headers, body }).catch(() => null);
      }
    }
  }

  window.addEventListener("keydown", pressed);
  main.onchange = refresh;
  refresh();
  document.getElementById("answer").focus({ preventScroll: true });
  watch = new Watch(kept(asked.assignment));
  window.onpagehide = () => {
    if (shown === step && watch !== null) keep(asked.assignment);
  };
  stay();
}

function keysOf(asked) {
  const last = Math.min(PLACES, asked.options.length);
  return `Keys: 1 to ${last} choose, Enter answers, S skips.`;
}

const dialog = document.getElementById("sure");
withdrawing.addEventListener("click", () => dialog.showModal());
document.getElementById("stay").addEventListener("click", () => dialog.close());
document.getElementById("leave").addEventListener("click", () => {
  dialog.close();
  ask("withdraw", { confirm: true });
});

async function begin() {
  const code = location.pathname.startsWith("/join/") ? location.pathname.slice(6) : "";
  if (code) {
    const given = Object.fromEntries(new URLSearchParams(location.search));
    try {
      token = (await send("join", { code, given })).token;
    } catch (error) {
      refuse(error.message);
      return;
    }
    // neither the id of a platform nor the code stays in the address
    history.replaceState(null, "", `/#${token}`);
  } else {
    token = location.hash.slice(1);
  }
  if (!token) refuse("This link is not valid.");
  else await ask("next");
}

window.addEventListener("hashchange", () => location.reload());
begin();
