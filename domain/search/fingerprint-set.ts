import { hash } from 'node:crypto';

/**
 * A set of texts that remembers 64 bits of each one's SHA-256 and nothing else: 16 to 32 bytes a text, in one flat
 * array. Two different texts are taken for one with a probability of n²/2⁶⁵: for a million, one in 37 million.
 */
export class FingerprintSet {
  /** Number of different texts. */
  size = 0;

  private slots = new BigUint64Array(1024);

  /** Adds a text; returns whether it is new. */
  add(text: string): boolean {
    // Zero marks a free slot; the one text in 2⁶⁴ that hashes to it is moved next to it.
    const print = hash('sha256', text, 'buffer').readBigUInt64LE() || 1n;
    const slot = this.find(this.slots, print);
    if (this.slots[slot] === print) return false;
    this.slots[slot] = print;
    this.size += 1;
    if (this.size * 2 > this.slots.length) this.grow();
    return true;
  }

  private find(slots: BigUint64Array, print: bigint): number {
    const mask = slots.length - 1;
    let slot = Number(print & 0xffffffffn) & mask;
    while (slots[slot] !== 0n && slots[slot] !== print) slot = (slot + 1) & mask;
    return slot;
  }

  private grow(): void {
    const larger = new BigUint64Array(this.slots.length * 2);
    for (const print of this.slots) if (print !== 0n) larger[this.find(larger, print)] = print;
    this.slots = larger;
  }
}
