/** What stands for a secret in logs. */
const mask = Buffer.from("***");

/** Secrets shorter than this are not looked for: hiding every `a` would hide the log and tell the secret. */
const shortest = 3;

/** The forms that secrets take in output: as they are, line by line, in base64 (also inside of a longer text), and as parts of URLs. The longest first. */
export function secretForms(secrets: readonly string[]): readonly Buffer[] {
  const forms = new Set<string>();
  for (const secret of secrets) {
    const parts = [secret, secret.trim(), ...secret.split(/\r?\n/).filter((line) => line.length > shortest)];
    for (const part of parts.filter(({ length }) => length >= shortest)) {
      forms.add(part);
      forms.add(encodeURIComponent(part));
      forms.add(encodeURIComponent(part).replaceAll("%20", "+"));
      forms.add(JSON.stringify(part).slice(1, -1));
      for (const form of base64Forms(part)) {
        forms.add(form);
        forms.add(form.replaceAll("+", "-").replaceAll("/", "_"));
      }
    }
  }
  return [...forms].map((form) => Buffer.from(form)).sort((a, b) => b.length - a.length);
}

/** What base64 makes of a text at each of its three places in a longer one: the characters that depend on nothing else. */
function base64Forms(text: string): readonly string[] {
  const bytes = Buffer.from(text);
  return [0, 1, 2].flatMap((before) => {
    const whole = Buffer.concat([Buffer.alloc(before), bytes]).toString("base64");
    const inside = whole.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6));
    return inside.length >= 4 ? [inside] : [];
  });
}

/** Masks the secrets of one stream, also those that are cut between two pieces. */
export class SecretMask {
  readonly #forms: readonly Buffer[];
  readonly #firsts: ReadonlySet<number>;
  #held: Buffer = Buffer.alloc(0);

  constructor(forms: readonly Buffer[]) {
    this.#forms = forms;
    this.#firsts = new Set(forms.map((form) => form[0] ?? 0));
  }

  /** What of the bytes so far can go on; what may be the beginning of a secret is held. */
  push(bytes: Uint8Array): Uint8Array {
    if (this.#forms.length === 0) return bytes;
    const all =
      this.#held.length === 0
        ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
        : Buffer.concat([this.#held, bytes]);
    const { masked, end } = this.#mask(all);
    this.#held = Buffer.from(all.subarray(end));
    return masked;
  }

  /** What is held, when nothing follows. */
  end(): Uint8Array {
    const rest = this.#held;
    this.#held = Buffer.alloc(0);
    // The beginning of one secret may hold another one whole.
    return this.#mask(rest, true).masked;
  }

  #mask(all: Buffer, isEnd = false): { readonly masked: Buffer; readonly end: number } {
    const next = this.#forms.map((form) => all.indexOf(form));
    const parts: Buffer[] = [];
    let at = 0;
    for (;;) {
      let found = -1;
      next.forEach((place, index) => {
        if (place >= 0 && place < at) next[index] = all.indexOf(this.#forms[index] ?? mask, at);
        const now = next[index] ?? -1;
        // Of several at one place the longest comes first.
        if (now >= 0 && (found < 0 || now < (next[found] ?? 0))) found = index;
      });
      const place = next[found] ?? -1;
      const held = isEnd ? all.length : this.#heldFrom(all, at);
      // A longer secret that is not whole yet may begin before one that is.
      if (place < 0 || held < place) {
        parts.push(all.subarray(at, held));
        return { masked: Buffer.concat(parts), end: held };
      }
      parts.push(all.subarray(at, place), mask);
      at = place + (this.#forms[found]?.length ?? 0);
    }
  }

  /** Where the end of the bytes that begins a secret starts, from `from` on. */
  #heldFrom(all: Buffer, from: number): number {
    const longest = this.#forms[0]?.length ?? 0;
    for (let at = Math.max(from, all.length - longest + 1); at < all.length; at++) {
      if (!this.#firsts.has(all[at] ?? -1)) continue;
      const rest = all.length - at;
      if (this.#forms.some((form) => form.length > rest && form.subarray(0, rest).equals(all.subarray(at)))) return at;
    }
    return all.length;
  }
}
