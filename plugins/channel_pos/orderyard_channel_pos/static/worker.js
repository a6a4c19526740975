// Keeps the counter's page and its price list usable without a network. It rules one counter, and touches nothing but GET.

const NAME = `channel_pos ${new URL(self.registration.scope).pathname}`;
const PATIENCE = 4000;

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || request.headers.has("HX-Request") || url.origin !== self.location.origin) return;
  const elsewhere = request.mode === "navigate" && url.pathname !== new URL(self.registration.scope).pathname;
  if (!elsewhere) event.respondWith(freshOrKept(request));
});

async function freshOrKept(request) {
  const cache = await caches.open(NAME);
  const kept = await cache.match(request, { ignoreVary: true });
  try {
    const fresh = await (kept ? Promise.race([fetch(request), late()]) : fetch(request));
    if (fresh.ok && !fresh.redirected) await cache.put(request, fresh.clone());
    return fresh;
  } catch (error) {
    if (kept) return kept;
    throw error;
  }
}

function late() {
  return new Promise((_, refuse) => setTimeout(() => refuse(new Error("no answer in time")), PATIENCE));
}
