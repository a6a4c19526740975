// Everything here only helps: without it the form is typed by hand and the server adds up.
const form = document.querySelector("form.order");
if (form) {
  const { currency, digits, freight, regions, choose, started } = form.dataset;
  const scale = 10 ** Number(digits);
  const words = new Intl.NumberFormat(document.documentElement.lang, { style: "currency", currency });
  const counts = [...form.querySelectorAll("input[data-price]")];

  const add = () => {
    const goods = counts.filter((one) => !one.disabled).reduce((sum, one) => sum + Math.max(0, Math.trunc(Number(one.value) || 0)) * Number(one.dataset.price), 0);
    const text = goods || counts.some((one) => Number(one.value) > 0) ? words.format((goods + Number(freight)) / scale) : "";
    form.querySelectorAll("[data-total]").forEach((place) => { place.textContent = text; });
    form.querySelector(".total").hidden = !text;
  };
  form.querySelectorAll("[data-step]").forEach((button) => {
    const input = button.parentElement.querySelector("input");
    button.hidden = input.disabled;
    button.addEventListener("click", () => {
      const most = Number(input.max);
      input.value = Math.min(most, Math.max(0, (Math.trunc(Number(input.value)) || 0) + Number(button.dataset.step)));
      input.dispatchEvent(new Event("input", { bubbles: true }));
    });
  });
  form.addEventListener("input", add);
  add();

  // Who begins is counted once; the form says whether that has been done.
  form.addEventListener("input", () => {
    const told = form.elements.started;
    if (told.value) return;
    told.value = "1";
    const body = new URLSearchParams({ csrf_token: form.elements.csrf_token.value, s: form.elements.s.value });
    fetch(started, { method: "POST", body, keepalive: true }).catch(() => { told.value = ""; });
  });

  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
  });
  window.addEventListener("pageshow", () => { delete form.dataset.sent; });

  // Province, city and district are chosen from a list where it can be loaded, and typed where not.
  const levels = ["province", "city", "district"];
  const build = (all) => {
    const field = (name) => form.elements[name];
    const names = (level) => {
      const cities = all[field("province").value];
      if (level === "province") return Object.keys(all);
      if (level === "city") return cities ? Object.keys(cities) : [];
      return (cities && cities[field("city").value]) || [];
    };
    const fill = (level, keep) => {
      const before = field(level);
      const list = names(level);
      const above = levels[levels.indexOf(level) - 1];
      const typed = above && field(above).value && !list.length;
      const now = document.createElement(typed ? "input" : "select");
      ["id", "name", "autocomplete", "aria-invalid", "aria-describedby"].forEach((name) => {
        if (before.hasAttribute(name)) now.setAttribute(name, before.getAttribute(name));
      });
      if (!typed) {
        now.append(new Option(choose, ""));
        list.forEach((one) => now.append(new Option(one, one)));
        if (list.length === 1 && level !== "province") now.value = list[0];
      }
      if (keep && (typed || list.includes(keep))) now.value = keep;
      now.addEventListener("change", () => refill(levels.indexOf(level) + 1));
      before.replaceWith(now);
    };
    const refill = (from, kept = {}) => levels.slice(from).forEach((level) => fill(level, kept[level]));
    const like = (text, list) => (list.includes(text) ? text : list.find((one) => text && one.startsWith(text)) || "");
    const typed = Object.fromEntries(levels.map((level) => [level, field(level).value]));
    fill("province", like(typed.province, names("province")));
    fill("city", like(typed.city, names("city")) || typed.city);
    fill("district", like(typed.district, names("district")) || typed.district);
  };
  if (regions) fetch(regions).then((answer) => answer.json()).then(build).catch(() => {});
}
