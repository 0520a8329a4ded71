/**
 * A 53-bit hash of a text: fits a JavaScript number and a PostgreSQL bigint. For blocking keys only, where a collision
 * costs one superfluous comparison; not for secrets. Two 32-bit multiplicative hashes (MurmurHash3's finaliser).
 */
export function hash53(text: string, seed = 0): number {
  let high = 0xdeadbeef ^ seed;
  let low = 0x41c6ce57 ^ seed;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    high = Math.imul(high ^ code, 0x9e3779b1);
    low = Math.imul(low ^ code, 0x5f356495);
  }
  high = mix(high ^ (low >>> 13));
  low = mix(low ^ (high >>> 11));
  return (high & 0x1fffff) * 0x1_0000_0000 + (low >>> 0);
}

function mix(value: number): number {
  let mixed = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
