// Sales that the server does not know yet, or that wait for a person there. Each is kept under a key of its own, so that two
// windows never overwrite each other; sent twice, a sale is still one order.

const TOGETHER = 20;

export class SignedOut extends Error {}

export class Queue {
  constructor(counter) {
    this.prefix = `channel_pos:${counter}:`;
  }

  keep(sale) {
    localStorage.setItem(this.prefix + sale.id, JSON.stringify({ sale, told: null }));
  }

  forget(id) {
    localStorage.removeItem(this.prefix + id);
  }

  entries() {
    const found = [];
    for (let place = 0; place < localStorage.length; place += 1) {
      const key = localStorage.key(place);
      if (key.startsWith(this.prefix)) found.push(JSON.parse(localStorage.getItem(key)));
    }
    return found.sort((one, other) => one.sale.at.localeCompare(other.sale.at));
  }

  // Everything is sent again until its answer says that nobody has to look at it any more.
  async send(address, token) {
    const all = this.entries().filter((entry) => entry.told?.verdict !== "dismissed");
    for (let start = 0; start < all.length; start += TOGETHER) {
      const sales = all.slice(start, start + TOGETHER).map((entry) => entry.sale);
      for (const told of await handIn(address, token, sales)) this.settle(told);
    }
  }

  settle(told) {
    const kept = localStorage.getItem(this.prefix + told.id);
    if (!kept) return;
    const waits = told.verdict === "parked" || told.verdict === "refused" || told.verdict === "dismissed" || told.waits?.length;
    if (waits) localStorage.setItem(this.prefix + told.id, JSON.stringify({ ...JSON.parse(kept), told }));
    else this.forget(told.id);
  }
}

async function handIn(address, token, sales) {
  const answer = await fetch(address, {
    method: "POST",
    redirect: "manual",
    headers: { "Content-Type": "application/json", "X-CSRFToken": token },
    body: JSON.stringify({ sales }),
  });
  if (answer.type === "opaqueredirect" || answer.status === 400 || answer.status === 403) throw new SignedOut();
  if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
  return (await answer.json()).answers;
}
