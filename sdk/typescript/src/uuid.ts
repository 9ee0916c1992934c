/** Idempotency keys. */

/** Returns a new UUIDv7: 48 bits of time, 72 of chance. */
export function uuidv7(): string {
  const time = "0" + Date.now().toString(16); // 12 digits until the year 2527
  return time.replace(/.{4}$/, "-$&-7xxx-8xxx-xxxxxxxxxxxx").replace(/x/g, digit);
}

/** Node 18 has no global `crypto`. */
function digit(): string {
  return ((globalThis.crypto?.getRandomValues(new Uint8Array(1))[0] ?? Math.random() * 16) & 15).toString(16);
}
