// The receipt: 80 mm wide on paper, and on the screen until the next sale.

import { bars } from "./code39.js";
import { numberOf } from "./basket.js";

export function receipt(sale, desk, money, words, given) {
  const paper = element("div", "paper");
  for (const text of desk.head) if (text) paper.append(element("div", "middle strong", text));
  if (!desk.head.some(Boolean)) paper.append(element("div", "middle strong", desk.shop));
  paper.append(element("div", "middle", new Date(sale.at).toLocaleString(document.documentElement.lang)));
  paper.append(element("div", "middle", numberOf(sale)));
  const lines = element("table");
  for (const line of sale.lines) {
    lines.append(row(`${line.title}`, ""), row(`${line.quantity} × ${money(line.price)}`, money(line.amount)));
  }
  if (sale.discount) lines.append(row(words.discount, money(-sale.discount)));
  const total = sale.lines.reduce((sum, line) => sum + line.amount, 0) - sale.discount;
  lines.append(row(words.total, money(total), "strong"));
  const method = desk.methods.find((one) => one.code === sale.method);
  if (sale.method) lines.append(row(method ? method.words : sale.method, money(total)));
  else lines.append(row(words.to_pay, money(total)));
  if (given > total) lines.append(row(words.given, money(given)), row(words.back, money(given - total)));
  paper.append(lines);
  if (sale.kind === "pickup") {
    paper.append(element("div", "middle", words.pickup_code), element("div", "middle code", sale.code), bars(sale.code));
  }
  paper.append(element("div", "middle", words.served_by.replace("{name}", desk.by)));
  for (const text of desk.foot) if (text) paper.append(element("div", "middle", text));
  return paper;
}

export function element(name, className = "", text = "") {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}

function row(left, right, className = "") {
  const made = element("tr", className);
  made.append(element("td", "", left), element("td", "right", right));
  return made;
}
