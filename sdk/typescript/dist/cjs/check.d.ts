/** What must not leave the program: keys and addresses that cannot work, and values that JSON would lose. */
/** What is wrong with a key, without saying the key. */
export declare function wrongKey(key: any): string | undefined;
/** What is wrong with a server's address. A password in it is not repeated. */
export declare function wrongUrl(url: string): string | undefined;
/** For `JSON.stringify`, which makes null of an invalid date and of NaN, and `{}` of a Map, and says nothing. */
export declare function strict(this: any, key: string, value: any): unknown;
