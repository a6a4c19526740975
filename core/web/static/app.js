// htmx 4 inherits no headers, so the form token is put on every request that changes something.
document.addEventListener("htmx:config:request", (event) => {
  const request = event.detail.ctx.request;
  const token = document.querySelector('meta[name="csrf-token"]');
  if (token && request.method !== "GET") request.headers["X-CSRFToken"] = token.content;
});

// A list that refreshes itself stays as it is while somebody uses something in it, and when the answer was an error.
document.addEventListener("htmx:before:request", (event) => {
  const busy = event.target.closest("[hx-swap=outerMorph]");
  if (busy && busy.contains(document.activeElement)) event.preventDefault();
});
document.addEventListener("htmx:before:response", (event) => {
  const { response } = event.detail.ctx;
  if (response.status >= 400 && !response.headers.get("HX-Redirect")) event.preventDefault();
});

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-submit]")) event.target.form.requestSubmit();
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
