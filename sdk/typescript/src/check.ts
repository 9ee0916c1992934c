/** What must not leave the program: keys and addresses that cannot work, and values that JSON would lose. */

/** What is wrong with a key, without saying the key. */
export function wrongKey(key: any): string | undefined {
  return stray("apiKey", /\W/.exec(key));
}

/** What is wrong with a server's address. A password in it is not repeated. */
export function wrongUrl(url: string): string | undefined {
  const what = /@/.test(url) ? "TINYCRM_URL" : `TINYCRM_URL ${JSON.stringify(url)}`;
  return /^\s*https?:\/\//i.test(url)
    ? stray(what, /[\s"'@?#]|:\/*$/.exec(url))
    : `${what} has no scheme: write https:// or http:// before it`;
}

function stray(what: string, found: RegExpExecArray | null): string | undefined {
  if (!found) return;
  const [char] = found;
  const name = /[\r\n]/.test(char) ? "a line break" : /\s/.test(char) ? "a blank" : JSON.stringify(char);
  return `${what} has ${name} in it, which does not belong there`;
}

/** For `JSON.stringify`, which makes null of an invalid date and of NaN, and `{}` of a Map, and says nothing. */
export function strict(this: any, key: string, value: any): unknown {
  const given = this[key];
  const nulled = value === null ? given !== null : typeof value === "number" && !isFinite(value);
  if (nulled || value instanceof Map || value instanceof Set) throw new TypeError(`${key} is ${given}, which JSON cannot say`);
  return value;
}
