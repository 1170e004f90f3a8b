/** Parts shorter than this are not looked for: hiding every `a` would hide the log and tell the secret. */
const shortest = 3;
/** Lines of a secret that are shorter are hidden only with those around them: `{` and `data:` stand in every log. */
const shortestLine = 6;
/** Encoded forms shorter than this are looked for in one piece alone. */
const shortestWrapped = 8;

/** Lines around a key that tell nothing: `-----BEGIN PRIVATE KEY-----`. */
const armor = /^-{4,}\s?(BEGIN|END)\b.*-{4,}$/;

/** The forms that secrets take in output. */
export interface SecretForms {
  /** Found in one piece. */
  readonly whole: readonly string[];
  /** Base64 in the usual alphabet and hexadecimal, which programs break over lines. */
  readonly wrapped: readonly string[];
}

/**
 * The forms of secrets: as they are, line by line, in base64 (also inside of a longer text), in hexadecimal, and as parts of URLs, JSON and what a shell
 * traces.
 */
export function secretForms(secrets: readonly string[]): SecretForms {
  const whole = new Set<string>();
  const wrapped = new Set<string>();
  for (const part of secrets.flatMap(partsOf)) {
    for (const form of [part, ...urlForms(part), ...jsonForms(part), part.replaceAll("'", "'\\''")]) whole.add(form);
    for (const form of encodedForms(part)) {
      if (form.length >= shortestWrapped) wrapped.add(form);
      else for (const one of [form, form.replaceAll("+", "-").replaceAll("/", "_")]) whole.add(one);
    }
  }
  return { whole: [...whole], wrapped: [...wrapped] };
}

/** A secret, and its lines where there are several. */
function partsOf(secret: string): readonly string[] {
  const lines = secret.trim().split(/\r?\n/);
  const parts = lines.length === 1 ? [] : [lines.join("\n"), lines.join("\r\n")];
  const alone = lines.flatMap((line) => [line, line.trim()]).filter((line) => !armor.test(line));
  return [
    ...[secret, secret.trim(), ...parts].filter((part) => part.length >= shortest && part.trim() !== ""),
    ...alone.filter(({ length }) => length >= shortestLine),
  ];
}

/** Encoders disagree about `!'()*`, slashes and spaces, and about the letters of an escape. */
function urlForms(part: string): readonly string[] {
  const usual = encodeURIComponent(part.toWellFormed());
  const strict = usual.replaceAll(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`);
  return [usual, strict]
    .flatMap((form) => [form, form.replaceAll("%2F", "/")])
    .flatMap((form) => [form, form.replaceAll("%20", "+")])
    .flatMap((form) => [form, form.replaceAll(/%[0-9A-F]{2}/g, (escape) => escape.toLowerCase())]);
}

/** As JavaScript, Go, Python and PHP write it. */
function jsonForms(part: string): readonly string[] {
  const escape = (one: string) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`;
  const usual = JSON.stringify(part).slice(1, -1);
  const ascii = usual.replaceAll(/[\u0080-\uffff]/g, escape);
  return [usual, usual.replaceAll(/[<>&]/g, escape), ascii, ascii.replaceAll("/", "\\/")];
}

/** Base64 at each of its three places in a longer text: the characters that depend on nothing else. Hexadecimal in both cases. */
function encodedForms(part: string): readonly string[] {
  const bytes = Buffer.from(part);
  const base64 = [0, 1, 2].flatMap((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes]).toString("base64");
    const inside = text.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6));
    return inside.length >= 4 ? [inside] : [];
  });
  const hex = bytes.toString("hex");
  return hex.length < shortestWrapped ? base64 : [...base64, hex, hex.toUpperCase()];
}
