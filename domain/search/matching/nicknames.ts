/** Which given names stand for one another: "liz" and "elizabeth". Ambiguous: "chris" is a form of many names. */
export class Nicknames {
  readonly #nicknamesOf = new Map<string, Set<string>>();
  readonly #namesOf = new Map<string, Set<string>>();

  /**
   * @param csv the table `name1,relationship,name2` of carltonnorthern/nicknames, lower-case names
   * @throws Error if a line does not have this form: the table is part of the product
   */
  constructor(csv: string) {
    const [header, ...lines] = csv.split(/\r?\n/).filter((line) => line !== '');
    if (header !== 'name1,relationship,name2') throw new Error('The nickname table has another header.');
    for (const line of lines) {
      const [name, relationship, nickname] = line.split(',');
      if (name === undefined || nickname === undefined || relationship !== 'has_nickname') {
        throw new Error('A line of the nickname table is not `name,has_nickname,nickname`.');
      }
      add(this.#nicknamesOf, name, nickname);
      add(this.#namesOf, nickname, name);
    }
  }

  /** The nicknames of a folded name, and the names it may be a nickname of. */
  formsOf(name: string): string[] {
    return [...(this.#nicknamesOf.get(name) ?? none), ...(this.#namesOf.get(name) ?? none)];
  }

  /** One is a nickname of the other, or both are nicknames of one name ("liz" and "beth"). */
  areForms(left: string, right: string): boolean {
    if (this.#nicknamesOf.get(left)?.has(right) || this.#nicknamesOf.get(right)?.has(left)) return true;
    const others = this.#namesOf.get(right) ?? none;
    for (const name of this.#namesOf.get(left) ?? none) if (others.has(name)) return true;
    return false;
  }
}

const none: ReadonlySet<string> = new Set();

function add(map: Map<string, Set<string>>, key: string, value: string): void {
  const values = map.get(key);
  if (values) values.add(value);
  else map.set(key, new Set([value]));
}
