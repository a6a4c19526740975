// The counter: scan, take the money, hand over the receipt, scan again. Nothing here waits for the network.

import { Basket, Goods, minor, newCode, numberOf, read } from "./basket.js";
import { Queue, SignedOut } from "./queue.js";
import { element, receipt } from "./receipt.js";

const page = document.getElementById("counter");
const words = JSON.parse(page.dataset.words);
const base = page.dataset.base;
const find = (id) => document.getElementById(id);
const say = (name, values = {}) => Object.entries(values).reduce((text, [key, value]) => text.replace(`{${key}}`, value), words[name]);
const queue = new Queue(page.dataset.counter);
const NAME = `channel_pos ${base}`;
const AGAIN = 15000;
const FRESH = 300000;

let desk = null;
let goods = new Goods([]);
let basket = new Basket();
let token = page.dataset.token;
let sending = false;
let loadedAt = 0;

const money = (value) =>
  new Intl.NumberFormat(document.documentElement.lang, { style: "currency", currency: desk.currency }).format(
    value / 10 ** desk.digits,
  );

// what is sold

async function load() {
  let answer = null;
  try {
    answer = await fetch(`${base}goods.json`);
    if (answer.redirected || !answer.ok) throw new SignedOut();
  } catch (error) {
    answer = await (await caches.open(NAME)).match(`${base}goods.json`, { ignoreVary: true });
    if (!answer) {
      status(error instanceof SignedOut ? "sign_in" : "no_goods", "bad");
      return;
    }
  }
  desk = await answer.json();
  goods = new Goods(desk.goods);
  token = desk.csrf;
  loadedAt = Date.now();
  const chosen = find("method").value;
  find("method").replaceChildren(...desk.methods.map((one) => new Option(one.words, one.code, false, one.code === chosen)));
  find("discount-row").hidden = !desk.overrides;
  draw();
}

function draw() {
  const body = find("lines");
  body.replaceChildren();
  for (const line of basket.lines) body.append(lineRow(line));
  find("nothing").hidden = basket.lines.length > 0;
  sums();
}

function lineRow(line) {
  const row = element("tr");
  const title = element("td", "title", line.title);
  title.append(element("small", "soft", line.sku));
  const count = field(line.quantity, words.quantity, (text) => {
    const units = Number(text);
    if (Number.isInteger(units) && units > 0 && units < 10000) line.quantity = units;
    return String(line.quantity);
  });
  const price = field(line.price === null ? "" : text(line.price), words.price, (typed) => {
    const value = minor(typed, desk.digits);
    if (value !== null) line.price = value;
    return line.price === null ? "" : text(line.price);
  });
  price.disabled = !desk.overrides;
  const amount = element("td", "right amount");
  amount.textContent = money((line.price ?? 0) * line.quantity);
  const gone = element("button", "plain", "×");
  gone.type = "button";
  gone.title = words.remove;
  gone.setAttribute("aria-label", `${words.remove}: ${line.title}`);
  gone.addEventListener("click", () => {
    basket.remove(line);
    draw();
    toScan();
  });
  row.append(title, cell(count), cell(price), amount, cell(gone));
  return row;
}

function cell(inside) {
  const made = element("td", "right");
  made.append(inside);
  return made;
}

function field(value, label, change) {
  const made = element("input");
  made.value = value;
  made.inputMode = "decimal";
  made.setAttribute("aria-label", label);
  made.addEventListener("change", () => {
    made.value = change(made.value);
    for (const [place, row] of [...find("lines").rows].entries()) {
      const line = basket.lines[place];
      row.querySelector(".amount").textContent = money((line.price ?? 0) * line.quantity);
    }
    sums();
  });
  made.addEventListener("keydown", (event) => {
    if (event.key === "Enter") {
      event.preventDefault();
      made.blur();
      toScan();
    }
  });
  return made;
}

const text = (value) => (value / 10 ** desk.digits).toFixed(desk.digits);

function sums() {
  if (!desk) return;
  find("total").textContent = money(basket.total);
  const cash = find("method").value === "cash" && !laterPaid();
  find("given-row").hidden = !cash;
  find("method-row").hidden = laterPaid();
  find("later-row").hidden = !find("keep").checked;
  const given = minor(find("given").value || "", desk.digits);
  const change = find("change");
  change.hidden = !cash || given === null;
  if (given !== null) {
    const left = given - basket.total;
    change.textContent = left < 0 ? say("too_little", { amount: money(-left) }) : say("change", { amount: money(left) });
  }
  find("pay").disabled = !basket.ready;
}

const laterPaid = () => find("keep").checked && find("later").checked;

// scanning

function toScan() {
  find("scan").focus();
}

function note(textShown) {
  find("note").textContent = textShown;
}

function add(good, quantity) {
  basket.add(good, quantity);
  note(good.price === null ? say("no_price", { title: good.title }) : "");
  find("scan").value = "";
  find("hits").replaceChildren();
  draw();
  toScan();
}

function scanned(event) {
  event.preventDefault();
  if (!desk) return;
  const { quantity, text: wanted } = read(find("scan").value);
  if (!wanted) {
    if (basket.lines.length) (find("given-row").hidden ? find("pay") : find("given")).focus();
    return;
  }
  const good = goods.exactly(wanted);
  if (good) return add(good, quantity);
  const hits = goods.like(wanted);
  find("hits").replaceChildren(
    ...hits.map((one) => {
      const button = element("button", "hit", `${one.title} · ${one.sku}${one.price === null ? "" : ` · ${money(one.price)}`}`);
      button.type = "button";
      button.addEventListener("click", () => add(one, quantity));
      return button;
    }),
  );
  note(hits.length ? words.several : say("unknown", { code: wanted }));
  if (hits.length) find("hits").firstChild.focus();
  else find("scan").select();
}

// the money

function sold(event) {
  event.preventDefault();
  if (!desk || !basket.ready) return;
  const keep = find("keep").checked;
  const method = laterPaid() ? "" : find("method").value;
  const given = method === "cash" ? minor(find("given").value || "", desk.digits) : null;
  if (given !== null && given < basket.total) {
    sums();
    find("given").select();
    return;
  }
  const sale = basket.sale({
    kind: keep ? "pickup" : "sale",
    method,
    name: find("name").value.trim(),
    phone: find("phone").value.trim(),
    code: keep ? newCode() : "",
  });
  try {
    queue.keep(sale);
  } catch (error) {
    note(words.full);
    return;
  }
  find("receipt").replaceChildren(receipt(sale, desk, money, words, given ?? 0));
  find("selling").hidden = true;
  find("done").hidden = false;
  find("next").focus();
  basket = new Basket();
  find("pay-form").reset();
  draw();
  outbox();
  send();
}

function next() {
  find("done").hidden = true;
  find("selling").hidden = false;
  note("");
  toScan();
}

// what is on its way

function outbox() {
  const entries = queue.entries();
  const list = find("waiting");
  list.replaceChildren(
    ...entries.map(({ sale, told }) => {
      const item = element("li", told ? "bad" : "");
      item.dataset.sale = sale.id;
      item.append(element("strong", "", numberOf(sale)), " ");
      const kind = !told ? "kept" : told.waits?.length ? "waits" : told.verdict;
      const reason = told ? told.waits?.join("; ") || told.reason : "";
      item.append(say(kind in words ? kind : "refused", { number: told?.number || numberOf(sale), reason }));
      if (told?.verdict === "dismissed") {
        const gone = element("button", "plain", words.remove);
        gone.type = "button";
        gone.addEventListener("click", () => {
          queue.forget(sale.id);
          outbox();
        });
        item.append(gone);
      }
      return item;
    }),
  );
  find("outbox").hidden = entries.length === 0;
  page.dataset.waiting = entries.length;
  return entries;
}

function status(name, tone = "", values = {}) {
  const shown = find("status");
  shown.textContent = say(name, values);
  shown.className = `pill ${tone}`;
  page.dataset.status = name;
}

// Asked like a page that refreshes itself, so that nobody stays signed in by an idle till.
async function look() {
  const answer = await fetch(`${base}worker.js`, { headers: { "HX-Request": "true" }, redirect: "manual" });
  if (answer.status === 401) throw new SignedOut();
}

async function send() {
  if (sending) return;
  sending = true;
  try {
    const left = () => queue.entries().length;
    if (left()) await navigator.locks.request(NAME, () => queue.send(`${base}sales`, token));
    else await look();
    if (Date.now() - loadedAt > FRESH) await load();
    outbox();
    status(left() ? "queued" : "online", left() ? "warn" : "good", { count: left() });
  } catch (error) {
    outbox();
    status(error instanceof SignedOut ? "sign_in" : "offline", "bad");
    if (error instanceof SignedOut) load();
  } finally {
    sending = false;
  }
}

// staying usable

async function settleIn() {
  if (!("serviceWorker" in navigator)) return;
  await navigator.serviceWorker.register(`${base}worker.js`, { scope: base });
  await navigator.serviceWorker.ready;
  await navigator.storage.persist();
  const loaded = performance.getEntriesByType("resource").map((entry) => entry.name);
  const named = [...document.querySelectorAll("link[href]")].map((link) => link.href);
  const left = [`${location.origin}${base}worker.js`, `${location.origin}${base}sales`];
  const wanted = [base, ...loaded, ...named].filter((name) => name.startsWith("/") || name.startsWith(location.origin));
  const cache = await caches.open(NAME);
  await Promise.all(
    [...new Set(wanted)].filter((address) => !left.includes(address)).map(async (address) => {
      const answer = await fetch(address);
      if (answer.ok && !answer.redirected) await cache.put(address, answer);
    }),
  );
  page.dataset.settled = "yes";
}

find("scan-form").addEventListener("submit", scanned);
find("pay-form").addEventListener("submit", sold);
find("pay-form").addEventListener("input", () => {
  const typed = minor(find("discount").value || "0", desk?.digits ?? 2);
  basket.discount = typed === null ? 0 : typed;
  if (basket.discount > basket.goods) note(words.too_much);
  sums();
});
find("next").addEventListener("click", next);
find("print").addEventListener("click", () => window.print());
window.addEventListener("online", send);
window.addEventListener("offline", () => status("offline", "bad"));
document.addEventListener("keydown", (event) => {
  if (event.key === "F2" || event.key === "Escape") {
    event.preventDefault();
    if (find("selling").hidden) next();
    else toScan();
  } else if (event.key === "F8" && !find("selling").hidden) {
    event.preventDefault();
    find("keep").click();
    find("phone").focus();
  } else if (event.key === "F9" && !find("selling").hidden) {
    event.preventDefault();
    (find("given-row").hidden ? find("pay") : find("given")).focus();
  } else if (event.key.toLowerCase() === "p" && !find("done").hidden && !event.ctrlKey && !event.metaKey) {
    window.print();
  } else if (event.key === "Enter" && !find("done").hidden && event.target === document.body) {
    next(); // printing takes the focus away
  }
});
setInterval(send, AGAIN);

await load();
outbox();
toScan();
await Promise.allSettled([send(), settleIn()]);
