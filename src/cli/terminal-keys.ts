/** A key of a terminal: a name, or a character that is typed. */
export type Key =
  | "up"
  | "down"
  | "left"
  | "right"
  | "tab"
  | "enter"
  | "backspace"
  | "interrupt"
  | "suspend"
  | { readonly typed: string };

/** What terminals send for keys; arrows in both of their modes (ECMA-48 and DEC's application mode). */
const sequences: Readonly<Record<string, Exclude<Key, object>>> = {
  "\u001B[A": "up",
  "\u001BOA": "up",
  "\u001B[B": "down",
  "\u001BOB": "down",
  "\u001B[C": "right",
  "\u001BOC": "right",
  "\u001B[D": "left",
  "\u001BOD": "left",
  "\t": "tab",
  "\r": "enter",
  "\n": "enter",
  "\u007F": "backspace",
  "\b": "backspace",
  "\u0003": "interrupt",
  "\u001A": "suspend",
};

/** The keys in what a terminal in raw mode sent; sequences of others are left out. */
export function readKeys(text: string): readonly Key[] {
  return [...text.matchAll(/\u001B(?:[[O][\d;?]*[@-~])?|[^]/gu)].flatMap(([token]): readonly Key[] => {
    const key = sequences[token];
    if (key !== undefined) return [key];
    return /^\P{Cc}$/u.test(token) ? [{ typed: token }] : [];
  });
}
