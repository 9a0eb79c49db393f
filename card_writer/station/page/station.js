"use strict";
// Shows what the program says and sends back what is typed; it knows nothing of cards.

const at = (id) => document.getElementById(id);
let language = "";
let shown = 0; // number of the screen that is on the page
let version = 0;

function element(name, properties, parent) {
  const made = Object.assign(document.createElement(name), properties);
  parent.append(made);
  return made;
}

function drawScreen(screen) {
  at("title").textContent = screen.title;
  at("title").dataset.kind = screen.kind;
  at("text").textContent = screen.text || "";
  at("message").textContent = screen.message || "";
  at("code").textContent = screen.code || "";
  at("picture").dataset.picture = screen.picture;
  at("picture").dataset.busy = String(screen.kind === "work");
  document.title = screen.title + " – ZORG-ID Smartcard";
  at("entries").replaceChildren();
  at("buttons").replaceChildren();
  for (const entry of screen.entries) {
    const id = "entry-" + entry.name;
    element("label", { htmlFor: id, textContent: entry.label }, at("entries"));
    const input = element("input", {
      id, name: entry.name, type: entry.hidden ? "password" : "text",
      autocomplete: "off", spellcheck: false, required: true, maxLength: 100,
    }, at("entries"));
    if (entry.digits) input.inputMode = "numeric";
    if (screen.message) input.setAttribute("aria-describedby", "message");
  }
  screen.buttons.forEach((button, index) => {
    const made = element("button", {
      type: index === 0 ? "submit" : "button", value: button.name, textContent: button.label,
    }, at("buttons"));
    if (index > 0) made.addEventListener("click", () => send(button.name));
  });
  const first = at("entries").querySelector("input");
  (first || at("main")).focus();
}

function drawRest(view) {
  document.documentElement.lang = view.language;
  for (const button of document.querySelectorAll("[data-language]")) {
    button.setAttribute("aria-pressed", String(button.dataset.language === view.language));
  }
  at("steps").replaceChildren();
  at("steps").hidden = view.step === null;
  view.steps.forEach((label, index) => {
    const item = element("li", { textContent: label }, at("steps"));
    if (index === view.step) item.setAttribute("aria-current", "step");
    item.dataset.state = index < view.step ? "done" : "later";
  });
  at("readers").replaceChildren();
  for (const line of view.readers) element("li", { textContent: line }, at("readers"));
}

function draw(view, anew) {
  version = view.version;
  if (view.screen && (anew || view.question !== shown)) {
    shown = view.question;
    drawScreen(view.screen);
  }
  drawRest(view);
}

async function state(after) {
  const query = new URLSearchParams();
  if (after) query.set("after", String(after));
  if (language) query.set("language", language);
  const answer = await fetch("state?" + query, { cache: "no-store" });
  if (!answer.ok) throw new Error(String(answer.status));
  return answer.json();
}

async function send(button) {
  const values = { button };
  for (const input of at("entries").querySelectorAll("input")) {
    values[input.name] = input.value;
    input.value = "";
  }
  for (const each of at("buttons").querySelectorAll("button")) each.disabled = true;
  await fetch("answer", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ question: shown, values }),
  });
}

async function follow() {
  for (;;) {
    try {
      draw(await state(version), false);
    } catch {
      at("message").textContent = language === "en"
        ? "The program does not answer. Start it again."
        : "Het programma antwoordt niet. Start het opnieuw.";
      await new Promise((later) => setTimeout(later, 1000));
    }
  }
}

at("form").addEventListener("submit", (event) => {
  event.preventDefault();
  const first = at("buttons").querySelector("button[type=submit]");
  const empty = [...at("entries").querySelectorAll("input")].find((input) => !input.value);
  if (empty) empty.focus();
  else if (first && !first.disabled) send(first.value);
});
for (const button of document.querySelectorAll("[data-language]")) {
  button.addEventListener("click", async () => {
    language = button.dataset.language;
    draw(await state(0), true);
  });
}
follow();
