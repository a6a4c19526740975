// What is being sold: pure sums over lines, in minor units.

export class Basket {
  constructor() {
    this.lines = [];
    this.discount = 0;
  }

  add(good, quantity) {
    const same = this.lines.find((line) => line.sku === good.sku && line.price === line.listed);
    if (same) {
      same.quantity += quantity;
      return same;
    }
    const line = { sku: good.sku, title: good.title, quantity, listed: good.price, price: good.price };
    this.lines.push(line);
    return line;
  }

  remove(line) {
    this.lines = this.lines.filter((one) => one !== line);
  }

  get goods() {
    return this.lines.reduce((sum, line) => sum + line.quantity * (line.price ?? 0), 0);
  }

  get total() {
    return this.goods - this.discount;
  }

  get ready() {
    return this.lines.length > 0 && this.lines.every((line) => line.price !== null && line.quantity > 0) && this.total >= 0;
  }

  // The document that is kept and sent; its id is made here, so that sending it twice changes nothing.
  sale({ kind, method, name, phone, code }) {
    return {
      id: crypto.randomUUID(),
      at: new Date().toISOString(),
      kind,
      method,
      name,
      phone,
      code,
      discount: this.discount,
      lines: this.lines.map((line) => ({ ...line, amount: line.price * line.quantity })),
    };
  }
}

export function numberOf(sale) {
  return `POS-${sale.id.replaceAll("-", "").slice(0, 10).toUpperCase()}`;
}

export function newCode() {
  return String(crypto.getRandomValues(new Uint32Array(1))[0] % 1000000).padStart(6, "0");
}

// `3*6901234567892` means three of them.
export function read(typed) {
  const found = /^(\d{1,4})\s*[*x×]\s*(.+)$/.exec(typed.trim());
  return found ? { quantity: Number(found[1]), text: found[2].trim() } : { quantity: 1, text: typed.trim() };
}

export class Goods {
  constructor(rows) {
    this.all = rows.map(([sku, title, barcode, price, stock]) => ({ sku, title, barcode, price, stock }));
    this.byCode = new Map();
    for (const good of this.all) {
      this.byCode.set(good.sku.toLowerCase(), good);
      if (good.barcode) this.byCode.set(good.barcode.toLowerCase(), good);
    }
  }

  exactly(text) {
    return this.byCode.get(text.toLowerCase());
  }

  like(text, most = 8) {
    const wanted = text.toLowerCase();
    const fits = (good) => good.title.toLowerCase().includes(wanted) || good.sku.toLowerCase().includes(wanted);
    return wanted ? this.all.filter(fits).slice(0, most) : [];
  }
}

export function minor(text, digits) {
  const found = /^(\d{1,9})(?:[.,](\d+))?$/.exec(text.trim());
  if (!found || (found[2] ?? "").length > digits) return null;
  return Number(found[1] + (found[2] ?? "").padEnd(digits, "0"));
}
