import { findArchitecture } from "../../platform/architecture.ts";
import type { Platform } from "../../platform/platform.ts";
import { compareVersions } from "./version.ts";

/** Deepest nesting of parentheses that is read. */
const maxDepth = 50;

/** Longest marker that is read, in characters. */
const maxLength = 4000;

/**
 * Evaluates an environment marker of PEP 508 for CPython on a platform: true, false, or undefined where it depends on what is not known (the version of
 * Python, extras). A marker that cannot be read is unknown.
 */
export function evaluateMarker(marker: string, platform: Platform): boolean | undefined {
  const tokens = marker.slice(0, maxLength).match(/\s+|'[^']*'|"[^"]*"|[()]|[<>=!~]+|[\w.]+|./g) ?? [];
  const reader = { tokens: tokens.filter((token) => token.trim() !== ""), at: 0, platform };
  const result = readOr(reader, 0);
  return reader.at === reader.tokens.length ? result : undefined;
}

interface Reader {
  readonly tokens: readonly string[];
  at: number;
  readonly platform: Platform;
}

function readOr(reader: Reader, depth: number): boolean | undefined {
  let result = readAnd(reader, depth);
  while (reader.tokens[reader.at] === "or") {
    reader.at++;
    const right = readAnd(reader, depth);
    result = result === true || right === true ? true : result === false ? right : right === false ? result : undefined;
  }
  return result;
}

function readAnd(reader: Reader, depth: number): boolean | undefined {
  let result = readAtom(reader, depth);
  while (reader.tokens[reader.at] === "and") {
    reader.at++;
    const right = readAtom(reader, depth);
    result =
      result === false || right === false ? false : result === true ? right : right === true ? result : undefined;
  }
  return result;
}

function readAtom(reader: Reader, depth: number): boolean | undefined {
  if (reader.tokens[reader.at] === "(") {
    if (depth >= maxDepth) return undefined;
    reader.at++;
    const inner = readOr(reader, depth + 1);
    if (reader.tokens[reader.at] !== ")") return undefined;
    reader.at++;
    return inner;
  }
  const left = readOperand(reader);
  let operator = reader.tokens[reader.at++] ?? "";
  if (operator === "not" && reader.tokens[reader.at] === "in") {
    operator = "not in";
    reader.at++;
  }
  const right = readOperand(reader);
  return left === undefined || right === undefined ? undefined : compare(left, operator, right);
}

function readOperand(reader: Reader): string | undefined {
  const token = reader.tokens[reader.at++] ?? "";
  if (/^['"]/.test(token)) return token.slice(1, -1);
  return environmentOf(reader.platform).get(token);
}

/** What a marker's variables are on a platform, as Python's `platform` and `sys` tell. */
function environmentOf(platform: Platform): ReadonlyMap<string, string> {
  const isLinux = platform.os === "linux";
  const machine = findArchitecture(platform)?.machine;
  const known: [string, string | undefined][] = [
    ["platform_machine", machine],
    ["sys_platform", isLinux ? "linux" : platform.os === "windows" ? "win32" : platform.os],
    ["platform_system", isLinux ? "Linux" : platform.os === "windows" ? "Windows" : undefined],
    ["os_name", platform.os === "windows" ? "nt" : "posix"],
    ["platform_python_implementation", "CPython"],
    ["implementation_name", "cpython"],
  ];
  return new Map(known.filter((entry): entry is [string, string] => entry[1] !== undefined));
}

function compare(left: string, operator: string, right: string): boolean | undefined {
  switch (operator) {
    case "==":
    case "===":
      return left === right;
    case "!=":
      return left !== right;
    case "in":
      return right.includes(left);
    case "not in":
      return !right.includes(left);
    case "<":
      return compareVersions(left, right) < 0;
    case "<=":
      return compareVersions(left, right) <= 0;
    case ">":
      return compareVersions(left, right) > 0;
    case ">=":
      return compareVersions(left, right) >= 0;
    default:
      return undefined;
  }
}

/** The platforms that a marker does not exclude. */
export function platformsOf(marker: string, platforms: readonly Platform[]): readonly Platform[] {
  if (marker.trim() === "") return platforms;
  return platforms.filter((platform) => evaluateMarker(marker, platform) !== false);
}
