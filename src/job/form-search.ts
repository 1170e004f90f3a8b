/** Letters of a form before a line end that are not waited for: else the end of every second line would wait for the next one. */
const looseLetters = 3;
/** Bytes between two letters at most: a line end, and a little more. */
const longestBreak = 4;

/** No letter: a byte that may stand between the letters of a form. */
const isBreak = -1;

/** Forms to look for, all at a time (Aho and Corasick, 1975). Made once; each stream has a {@link FormSearch} of its own. */
export class FormTable {
  /** Letter of each byte, or {@link isBreak}. */
  readonly letters: Int16Array;
  /** Bytes below this one may be line ends within forms. */
  readonly stop: number;
  /** By {@link slotOf}: whether a form may begin with four bytes. Nearly all of a log is passed over by it. */
  readonly beginnings = new Uint8Array(65_536);
  /** Letters of a form that a state stands for. */
  readonly depths: Int32Array;
  /** Letters of the longest form that ends with a state, 0 for none. */
  readonly ends: Int32Array;
  /** Bytes of each letter. */
  readonly #bytes: readonly (readonly number[])[];
  readonly #root = new Int32Array(256);
  readonly #letter: Uint8Array;
  readonly #child: Int32Array;
  readonly #sibling: Int32Array;
  readonly #fallback: Int32Array;

  /**
   * @param forms of three bytes at least
   * @param options.encoded whether line ends may stand between the letters of a form, and letters of base64's other alphabet for its own
   */
  constructor(forms: readonly string[], { encoded }: { readonly encoded: boolean }) {
    const all = forms.map((form) => Buffer.from(form));
    const size = all.reduce((sum, { length }) => sum + length, 1);
    this.letters = Int16Array.from({ length: 256 }, (_, byte) => byte);
    this.stop = encoded ? 14 : 0;
    if (encoded) {
      for (const byte of Buffer.from("\r\n")) this.letters[byte] = isBreak;
      for (const [one, other] of ["-+", "_/"]) this.letters[codeOf(one)] = codeOf(other);
    }
    const bytes = Array.from({ length: 256 }, (): number[] => []);
    for (const [byte, letter] of this.letters.entries()) bytes[letter]?.push(byte);
    this.#bytes = bytes;
    this.depths = new Int32Array(size);
    this.ends = new Int32Array(size);
    this.#letter = new Uint8Array(size);
    this.#child = new Int32Array(size);
    this.#sibling = new Int32Array(size);
    this.#fallback = new Int32Array(size);
    let states = 1;
    for (const form of all) {
      let state = 0;
      for (const letter of form) {
        let next = this.#childOf(state, letter);
        if (next === 0) {
          next = states++;
          this.#letter[next] = letter;
          this.depths[next] = (this.depths[state] ?? 0) + 1;
          this.#sibling[next] = this.#child[state] ?? 0;
          this.#child[state] = next;
          if (state === 0) this.#root[letter] = next;
        }
        state = next;
      }
      this.ends[state] = form.length;
      this.#noteBeginning(form);
    }
    this.#linkStates();
  }

  /** The state that follows a state and a letter: the longest beginning of a form that the text ends with. */
  next(from: number, letter: number): number {
    for (let state = from; state !== 0; state = this.#fallback[state] ?? 0) {
      const child = this.#childOf(state, letter);
      if (child !== 0) return child;
    }
    return this.#root[letter] ?? 0;
  }

  #childOf(state: number, letter: number): number {
    if (state === 0) return this.#root[letter] ?? 0;
    let child = this.#child[state] ?? 0;
    while (child !== 0 && this.#letter[child] !== letter) child = this.#sibling[child] ?? 0;
    return child;
  }

  /** In order of depth, so that what a state falls back to is done before it. */
  #linkStates(): void {
    const queue = [0];
    for (const state of queue) {
      for (let child = this.#child[state] ?? 0; child !== 0; child = this.#sibling[child] ?? 0) {
        const fallback = state === 0 ? 0 : this.next(this.#fallback[state] ?? 0, this.#letter[child] ?? 0);
        this.#fallback[child] = fallback;
        this.ends[child] ||= this.ends[fallback] ?? 0;
        queue.push(child);
      }
    }
  }

  #noteBeginning(form: Uint8Array): void {
    let beginnings = [0];
    for (let place = 0; place < 4; place++) {
      const letter = form[place];
      // Of a form of three bytes any byte may be the fourth.
      const next = letter === undefined ? this.letters.keys().toArray() : (this.#bytes[letter] ?? []);
      beginnings = beginnings.flatMap((before) => next.map((byte) => (before << 8) | byte));
    }
    for (const beginning of beginnings) this.beginnings[slotOf(beginning)] = 1;
  }
}

/** Looks for the forms of a table in one stream, however it is cut. */
export class FormSearch {
  readonly #table: FormTable;
  #state = 0;
  #breaks = 0;

  constructor(table: FormTable) {
    this.#table = table;
  }

  /**
   * Reads on.
   *
   * @param bytes what was not given up yet, and what is new
   * @param from where the new begins
   * @param found told of each form, in the order of their ends; of those that end at one place of the longest
   * @returns where a form begins that is not whole yet: nothing before that place can be found any more
   */
  read(bytes: Uint8Array, from: number, found: (start: number, end: number) => void): number {
    const { letters, ends, depths } = this.#table;
    let state = this.#state;
    for (let at = from; at < bytes.length; at++) {
      if (state === 0) at = this.#pass(bytes, at);
      const letter = letters[bytes[at] ?? 0] ?? 0;
      if (letter === isBreak) {
        if (state !== 0 && ++this.#breaks > longestBreak) state = 0;
        continue;
      }
      this.#breaks = 0;
      const next = this.#table.next(state, letter);
      const depth = depths[next] ?? 0;
      if (depth > 0 && depth <= looseLetters && depth <= (depths[state] ?? 0) && this.#isUnbroken(bytes, at, depth)) {
        // Another beginning than the one that was followed: most such are none, and are passed over from where they begin.
        state = 0;
        at -= depth;
        continue;
      }
      state = next;
      const length = ends[state] ?? 0;
      if (length > 0) found(this.#startOf(bytes, at + 1, length), at + 1);
    }
    this.#state = state;
    return this.#startOf(bytes, bytes.length, depths[state] ?? 0);
  }

  /** Passes over bytes where no form begins. The last three before a line end or the end of the bytes may begin one that goes on. */
  #pass(bytes: Uint8Array, from: number): number {
    const { beginnings, stop } = this.#table;
    const { length } = bytes;
    let four = 0;
    let at = from;
    for (const first = Math.min(from + 3, length); at < first; at++) {
      const byte = bytes[at] ?? 0;
      if (byte < stop) return from;
      four = (four << 8) | byte;
    }
    for (; at < length; at++) {
      const byte = bytes[at] ?? 0;
      four = (four << 8) | byte;
      if (byte < stop || beginnings[slotOf(four)] !== 0) break;
    }
    return Math.max(from, at - 3);
  }

  /** Whether the letters up to a place stand together in the bytes that are there. */
  #isUnbroken(bytes: Uint8Array, last: number, letters: number): boolean {
    for (let at = last; at > last - letters; at--) {
      if (this.#table.letters[bytes[at] ?? -1] === isBreak || at < 0) return false;
    }
    return true;
  }

  /** Where the letters before a place begin. Those that stand loose before a line end do not count: they may be gone. */
  #startOf(bytes: Uint8Array, end: number, letters: number): number {
    let left = letters;
    let at = end;
    while (left > 0 && at > 0) {
      const isLetter = this.#table.letters[bytes[at - 1] ?? 0] !== isBreak;
      if (!isLetter && left <= looseLetters) break;
      if (isLetter) left--;
      at--;
    }
    return at;
  }
}

function slotOf(four: number): number {
  return Math.imul(four, 0x9e3779b1) >>> 16;
}

function codeOf(character = ""): number {
  return character.charCodeAt(0);
}
