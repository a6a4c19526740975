// Run beside npm's `@shopify/shopify-api`: judges pushes and returns from the page of consent.
// Reads one JSON object from stdin, writes one to stdout.
import '@shopify/shopify-api/adapters/node';
import { shopifyApi } from '@shopify/shopify-api';
import { readFileSync } from 'node:fs';

const asked = JSON.parse(readFileSync(0, 'utf8'));
const shopify = shopifyApi({
  apiKey: asked.client_id,
  apiSecretKey: asked.secret,
  scopes: [],
  hostName: 'yard.example',
  hostScheme: 'https',
  apiVersion: '2026-07',
  isEmbeddedApp: false,
  isTesting: true,
  logger: { level: 0 },
});
const pushes = [];
for (const push of asked.pushes) {
  const rawRequest = { method: 'POST', url: '/hook', headers: push.headers };
  pushes.push(await shopify.webhooks.validate({ rawBody: push.body, rawRequest }));
}
const returns = [];
for (const query of asked.returns) {
  try {
    returns.push(await shopify.utils.validateHmac(query));
  } catch (error) {
    returns.push(String(error.message));
  }
}
process.stdout.write(JSON.stringify({ pushes, returns }));
