/** Idempotency keys. */
/** Returns a new UUIDv7: 48 bits of time, 72 of chance. */
export declare function uuidv7(): string;
