import { nearestName } from "../error/nearest.ts";
import type { Word } from "./source.ts";

/** `RUN --mount=…` as written: its fields in order, variables not expanded. */
export interface MountFlag {
  readonly word: Word;
  readonly fields: readonly MountField[];
}

/** `key=value` or a bare key of a mount, the key in lower case. */
export interface MountField {
  readonly key: string;
  readonly value?: string;
}

/** A mount whose variables are expanded. Options that are not given and have no default are absent. */
export interface Mount {
  readonly type: MountType;
  /** Stage, named context or image whose files are mounted; absent is the build context (or nothing, by type). */
  readonly from?: string;
  readonly source?: string;
  readonly target?: string;
  readonly readOnly: boolean;
  /** Of caches and secrets. */
  readonly id?: string;
  readonly sharing?: "shared" | "private" | "locked";
  readonly required: boolean;
  /** Of tmpfs, as written. */
  readonly size?: string;
  readonly mode?: string;
  readonly uid?: string;
  readonly gid?: string;
  /** Variable that holds a secret. */
  readonly env?: string;
}

const types = ["bind", "cache", "tmpfs", "secret", "ssh"] as const;
const sharings = ["shared", "private", "locked"] as const;
/** What a mount brings into a RUN. */
export type MountType = (typeof types)[number];

const keys =
  "type from source target readonly id sharing required size mode uid gid src dst destination ro rw readwrite env".split(
    " ",
  );

/** Splits a mount's comma-separated fields; a field in double quotes may hold commas. Returns a message when the quotes are wrong. */
export function mountFields(text: string): readonly MountField[] | string {
  const fields = csvFields(text);
  if (fields === undefined) return `failed to parse csv mounts: bare or unfinished " in ${text}`;
  return fields.map((field) => {
    const equals = field.indexOf("=");
    if (equals < 0) return { key: field.toLowerCase() };
    return { key: field.slice(0, equals).toLowerCase(), value: field.slice(equals + 1) };
  });
}

/** The `from` of a mount; the engine reads it before anything is expanded. */
export function mountFrom(mount: MountFlag): string | undefined {
  const from = mount.fields.findLast(({ key, value }) => key === "from" && value !== undefined)?.value;
  return from === "" ? undefined : from;
}

/** Why a mount is refused while the file is parsed: a variable in `from`. */
export function mountProblem(fields: readonly MountField[]): string | undefined {
  for (const { key, value } of fields) {
    const dollar = key === "from" ? (value ?? "").indexOf("$") : -1;
    if (dollar >= 0 && dollar !== (value ?? "").length - 1) {
      return `'from' doesn't support variable expansion, define alias stage instead`;
    }
  }
  return undefined;
}

/** Reads the fields of a mount whose values are expanded; returns BuildKit's message when one is wrong. */
export function readMount(fields: readonly MountField[]): Mount | string {
  const draft: Draft = {};
  let type: MountType = "bind";
  for (const { key, value } of fields) {
    if (key === "type") {
      const found = types.find((known) => known === value?.toLowerCase());
      if (found === undefined) return `unsupported mount type "${value ?? ""}"${meant(value ?? "", types)}`;
      type = found;
      continue;
    }
    const problem = value === undefined ? readBareField(draft, key, type) : readField(draft, key, value, type);
    if (problem !== undefined) return problem;
  }
  const mount: Mount = {
    ...draft,
    type,
    readOnly: draft.readOnly ?? (type !== "cache" && type !== "tmpfs"),
    required: draft.required ?? false,
  };
  return refusal(mount) ?? mount;
}

type Draft = { -readonly [Key in keyof Mount]?: Mount[Key] };

function readBareField(draft: Draft, key: string, type: MountType): string | undefined {
  if (key === "readonly" || key === "ro") draft.readOnly = true;
  else if (key === "readwrite" || key === "rw") draft.readOnly = false;
  else if (key === "required") {
    if (type !== "secret" && type !== "ssh") return `unexpected key 'required' for mount type '${type}'`;
    draft.required = true;
  } else return `invalid field '${key}' must be a key=value pair`;
  return undefined;
}

function readField(draft: Draft, key: string, value: string, type: MountType): string | undefined {
  switch (key) {
    case "from":
      if (value !== "") draft.from = value;
      return undefined;
    case "source":
    case "src":
      if (value !== "") draft.source = value;
      return undefined;
    case "target":
    case "dst":
    case "destination":
      if (value !== "") draft.target = value;
      return undefined;
    case "readonly":
    case "ro":
    case "readwrite":
    case "rw": {
      const answer = readBoolean(value);
      if (answer === undefined) return `invalid value for ${key}: ${value}`;
      draft.readOnly = (key === "readonly" || key === "ro") === answer;
      return undefined;
    }
    case "required": {
      if (type !== "secret" && type !== "ssh") return `unexpected key 'required' for mount type '${type}'`;
      const answer = readBoolean(value);
      if (answer === undefined) return `invalid value for required: ${value}`;
      draft.required = answer;
      return undefined;
    }
    case "sharing": {
      const found = sharings.find((known) => known === value.toLowerCase());
      if (found === undefined) return `unsupported sharing value "${value}"${meant(value, sharings)}`;
      draft.sharing = found;
      return undefined;
    }
    case "size":
      if (type !== "tmpfs") return `unexpected key 'size' for mount type '${type}'`;
      draft.size = value;
      return undefined;
    case "mode":
    case "uid":
    case "gid":
      if (!(key === "mode" ? /^[0-7]{1,11}$/ : /^\d{1,10}$/).test(value)) return `invalid value ${value} for ${key}`;
      draft[key] = value;
      return undefined;
    case "id":
    case "env":
      if (value !== "") draft[key] = value;
      return undefined;
    default:
      return `unexpected key '${key}' in '${key}=${value}'${meant(key, keys)}`;
  }
}

/** Combinations that make no sense, in BuildKit's order. */
function refusal(mount: Mount): string | undefined {
  const { type } = mount;
  if (type === "bind" || type === "tmpfs") {
    for (const key of ["mode", "uid", "gid"] as const) {
      if (mount[key] !== undefined) return `${key} not allowed for "${type}" type mounts`;
    }
  }
  if (type === "secret") {
    if (mount.from !== undefined) return "secret mount should not have a from";
    if (mount.sharing !== undefined) return "secret mount should not define sharing";
    if (mount.source === undefined && mount.target === undefined && mount.id === undefined) {
      return "invalid secret mount. one of source, target required";
    }
    if (mount.source !== undefined && mount.id !== undefined) return "both source and id can't be set";
  }
  if (mount.sharing !== undefined && type !== "cache") return `invalid cache sharing set for ${type} mount`;
  return undefined;
}

/** Go's `strconv.ParseBool`. */
function readBoolean(text: string): boolean | undefined {
  if (["1", "t", "T", "true", "TRUE", "True"].includes(text)) return true;
  return ["0", "f", "F", "false", "FALSE", "False"].includes(text) ? false : undefined;
}

function meant(word: string, options: readonly string[]): string {
  const name = nearestName(word, options);
  return name === undefined ? "" : ` (did you mean ${name}?)`;
}

function csvFields(text: string): string[] | undefined {
  const fields: string[] = [];
  for (let at = 0; at <= text.length;) {
    if (text.charAt(at) !== '"') {
      const comma = text.indexOf(",", at);
      const end = comma < 0 ? text.length : comma;
      const field = text.slice(at, end);
      if (field.includes('"')) return undefined;
      fields.push(field);
      at = end + 1;
      continue;
    }
    let field = "";
    let quote = text.indexOf('"', at + 1);
    at++;
    while (quote >= 0 && text.charAt(quote + 1) === '"') {
      field += text.slice(at, quote + 1);
      at = quote + 2;
      quote = text.indexOf('"', at);
    }
    const after = text.charAt(quote + 1);
    if (quote < 0 || (after !== "," && after !== "")) return undefined;
    fields.push(field + text.slice(at, quote));
    if (after === "") return fields;
    at = quote + 2;
  }
  return fields;
}
