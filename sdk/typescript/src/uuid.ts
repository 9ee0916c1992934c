/** Idempotency keys. */

/** Returns a new UUIDv7: 48 bits of time, 72 of chance. */
export function uuidv7(): string {
  const time = Date.now().toString(16).padStart(12, "0");
  return time.replace(/.{4}$/, "-$&-7xxx-8xxx-xxxxxxxxxxxx").replace(/x/g, () => (randomByte() & 15).toString(16));
}

/** Node 18 has no global `crypto`. */
function randomByte(): number {
  return globalThis.crypto?.getRandomValues(new Uint8Array(1))[0] ?? Math.random() * 256;
}
