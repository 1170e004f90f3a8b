import assert from "node:assert/strict";
import { test } from "node:test";
import type { Platform } from "../../platform/platform.ts";
import { locateIn } from "../place.ts";
import { architectureValue, textOf, type Value, written } from "../value.ts";
import { runShell } from "./run-shell.ts";
import type { ReachedCommand, ShellOptions, ShellTrace } from "./trace.ts";

/** A platform of Linux for a test: `arm/v7`, `arm64`. */
export function linux(name: string): Platform {
  const [architecture = "", variant] = name.split("/");
  return { os: "linux", architecture, ...(variant === undefined ? {} : { variant }) };
}

/** How a test runs a script. */
export interface TestRun extends Partial<Omit<ShellOptions, "machine" | "environment" | "findScript">> {
  readonly environment?: Readonly<Record<string, string | Value>>;
  /** Scripts that can be called, by their path. */
  readonly files?: Readonly<Record<string, string>>;
}

/** Runs a script on one architecture; `TARGETARCH` is set as BuildKit does. */
export function runOn(architecture: string, text: string, run: TestRun = {}): ShellTrace {
  const { environment = {}, files = {}, ...options } = run;
  const machine = linux(architecture);
  return runShell(
    { text, locate: locateIn("script.sh", text) },
    {
      directory: "",
      ...options,
      machine,
      environment: new Map([
        ["TARGETARCH", architectureValue(machine.architecture)],
        ...Object.entries(environment).map(
          ([name, value]) => [name, typeof value === "string" ? written(value) : value] as const,
        ),
      ]),
      findScript: (path, directory) => {
        const relative = path.replace(/^\.\//, "");
        const full = path.startsWith("/") || directory === "" ? relative : `${directory}/${relative}`;
        const found = files[full];
        return found === undefined ? undefined : { text: found, locate: locateIn(full, found) };
      },
    },
  );
}

/** A command as one line of text: words with `?` for what is not known; `~` before one that may not be reached. */
export function line({ words, certain }: ReachedCommand): string {
  return `${certain ? "" : "~"}${words.map((word) => textOf(word).replaceAll("\uFFFC", "?")).join(" ")}`;
}

/** The commands of a program on an architecture, as lines. */
export function linesOf(trace: ShellTrace, program: string): string[] {
  return trace.commands.filter((command) => command.program === program).map(line);
}

/** What `get` is called with on amd64 and on arm64. */
function getsOf(text: string, run: TestRun = {}): readonly [amd64: string[], arm64: string[]] {
  const on = (architecture: string): string[] =>
    linesOf(runOn(architecture, text, run), "get").map((each) => each.replace("get ", ""));
  return [on("amd64"), on("arm64")];
}

/** Scripts, and what they give to `get` on amd64 and on arm64 (`=` where both are the same). */
export function table(
  name: string,
  rows: readonly (readonly [script: string, amd64: string, arm64?: string])[],
  run: TestRun = {},
): void {
  test(name, () => {
    for (const [script, amd64, arm64 = amd64] of rows) {
      const [onAmd64, onArm64] = getsOf(script, run);
      assert.deepEqual([onAmd64.join(", "), onArm64.join(", ")], [amd64, arm64], script);
    }
  });
}
