// htmx 4 inherits no headers, so the form token is put on every request that changes something.
document.addEventListener("htmx:config:request", (event) => {
  const request = event.detail.ctx.request;
  const token = document.querySelector('meta[name="csrf-token"]');
  if (token && request.method !== "GET") request.headers["X-CSRFToken"] = token.content;
});

// A list that refreshes itself stays as it is while somebody uses something in it, and when the answer was an error.
document.addEventListener("htmx:before:request", (event) => {
  const busy = event.target.closest("[hx-swap=outerMorph]");
  if (busy && (busy.contains(document.activeElement) || busy.querySelector("input:checked"))) event.preventDefault();
});
document.addEventListener("htmx:before:response", (event) => {
  const { response } = event.detail.ctx;
  if (response.status >= 400 && !response.headers.get("HX-Redirect")) event.preventDefault();
});

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-submit]")) event.target.form.requestSubmit();
});

// One box ticks all the others of its name.
document.addEventListener("change", (event) => {
  const name = event.target.dataset.tickAll;
  if (!name) return;
  document.querySelectorAll(`input[type=checkbox][name="${name}"]`).forEach((box) => { box.checked = event.target.checked; });
});

// Whoever scans looks at the goods, so what came of a scan is heard: one high tone for yes, two low ones for no.
document.addEventListener("DOMContentLoaded", () => {
  if (!document.querySelector("[data-scan-sound]") || !window.AudioContext) return;
  const no = document.querySelector(".alert-danger");
  if (!no && !document.querySelector(".alert-success")) return;
  const audio = new AudioContext();
  const tone = (hertz, from) => {
    const source = audio.createOscillator();
    source.frequency.value = hertz;
    source.connect(audio.destination);
    source.start(audio.currentTime + from);
    source.stop(audio.currentTime + from + 0.12);
  };
  if (no) [0, 0.2].forEach((from) => tone(220, from));
  else tone(1320, 0);
});

// A scanner that sends Enter twice must not send a form twice.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  if (form.method === "post") form.dataset.sent = "yes";
});
window.addEventListener("pageshow", () => {
  document.querySelectorAll("form[data-sent]").forEach((form) => delete form.dataset.sent);
});

// Whoever holds a scanner never has to click into the field first.
document.addEventListener("keydown", (event) => {
  const field = document.querySelector("[data-scan]");
  if (!field || event.ctrlKey || event.altKey || event.metaKey || event.key.length !== 1) return;
  if (document.activeElement === document.body) field.focus();
});

// Above a narrow page the menu is a strip: where one is stands in sight.
document.querySelector(".rail-link.on")?.scrollIntoView({ block: "nearest", inline: "center" });
