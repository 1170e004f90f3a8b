/** Names of what writes a log of its own in one job: each is given once, so that logs are told apart. */
export class SourceNames {
  readonly #given: Set<string>;

  /** @param reserved Names that stay with those that the file calls so */
  constructor(reserved: Iterable<string>) {
    this.#given = new Set(reserved);
  }

  /** The wanted name, or the first of it with a number that nothing has: `tell`, `tell-2`. */
  give(wanted: string): string {
    let name = wanted;
    for (let number = 2; this.#given.has(name); number++) name = `${wanted}-${number}`;
    this.#given.add(name);
    return name;
  }
}
