import { isSpace } from "./source.ts";

/** Collects the words of an expansion: unquoted spaces end a word. */
export class WordCollector {
  readonly words: string[] = [];
  private current = "";

  add(text: string, quoted: boolean): void {
    if (quoted) {
      this.current += text;
      return;
    }
    for (const character of text) {
      if (!isSpace(character)) this.current += character;
      else this.end();
    }
  }

  forget(): void {
    this.current = "";
  }

  end(): void {
    if (this.current !== "") this.words.push(this.current);
    this.current = "";
  }
}
