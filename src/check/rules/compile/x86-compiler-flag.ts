import { formatPlatform, type Platform } from "../../../platform/platform.ts";
import type { Model } from "../../model.ts";
import type { Place } from "../../place.ts";
import type { Problem, Rule } from "../../rule.ts";
import { sliceValue, textOf, type Value } from "../../value.ts";
import { placeOf } from "./build-command.ts";

const id = "x86-compiler-flag";

/** Processors of x86 that -march, -mtune and target-cpu take. */
const processors =
  "x86-64(?:-v[234])?|core2|nehalem|westmere|sandybridge|ivybridge|haswell|broadwell|skylake(?:-avx512)?|cascadelake|icelake(?:-server|-client)?|sapphirerapids|znver\\d|k8|opteron|btver\\d|i[3-6]86|pentium\\w*|corei7(?:-avx)?|atom";

/** Options that only compilers for x86 know. */
const foreign = new RegExp(
  `(?:^|[\\s"'=,])(-m(?:64|32|x32|sse[\\w.]*|ssse3|avx[\\w.]*|fma|bmi2?|popcnt|aes|pclmul|rdrnd|f16c|lzcnt|adx|sha|fpmath=sse|no-avx\\w*|no-red-zone)|-m(?:arch|tune|cpu)=(?:${processors})|(?:-C\\s*)?target-cpu=(?:${processors})|(?:-C\\s*)?target-feature=[\\w.,+-]*\\+(?:sse|avx|bmi|aes|pclmul|fma|popcnt)[\\w.,+-]*)(?![\\w.=-])`,
  "g",
);

/** Options that take the processor of the machine that compiles. */
const native = /(?:^|[\s"'=,])(-m(?:arch|tune|cpu)=native|(?:-C\s*)?target-cpu=native)(?![\w.-])/g;

/** Programs whose words are texts, not options of a compiler. */
const talkers =
  /^(?:echo|printf|grep|egrep|fgrep|sed|awk|gawk|perl|python[\d.]*|curl|wget|git|tar|find|docker|cat|test|\[|case|rm|mv|cp|ln|mkdir|chmod|apt-get|apk|export|:)$/;

/** Finds compiler options of x86 in builds for other architectures. */
export const x86CompilerFlag: Rule = {
  id,
  severity: "error",
  page: {
    title: "A compiler option of x86 reaches a build for another architecture",
    what: "Options such as `-m64`, `-msse4.2`, `-mavx2`, `-march=x86-64-v3`, `-mtune=haswell` or `-C target-cpu=skylake` in a command, in `CFLAGS`, `CXXFLAGS`, `RUSTFLAGS` and their kin, on a platform that is not x86. `-march=native` is a warning on every platform.",
    why: "Compilers for arm64 do not know these options. With `native` the program uses what the builder's processor can do, and stops on an older one.",
    symptom:
      "`gcc: error: unrecognized command-line option '-m64'`, `error: unsupported argument 'haswell' to option '-march='`; with `native`: `Illegal instruction (core dumped)`.",
    fix: 'Take the option away, or give it on x86 alone:\n\n```dockerfile\nRUN case "$TARGETARCH" in amd64) export CFLAGS="-O2 -mavx2";; *) export CFLAGS="-O2";; esac; make\n```',
    ignore: "The build script takes unknown options away by itself.",
  },
  *find(model) {
    for (const { value, platform, isHost } of valuesOf(model)) {
      const text = textOf(value);
      if (!/-m|target-/.test(text)) continue;
      // Who compiles for 32 bits of x86 outside of an image chose that target.
      if (isHost && /(?:^|\s)-m32(?:\s|$)/.test(text)) continue;
      if (!isX86(platform)) yield* problemsIn(value, text, foreign, platform, isHost);
      yield* nativeIn(value, text, platform, isHost);
    }
  },
};

interface Looked {
  readonly value: Value;
  readonly platform: Platform;
  readonly isHost: boolean;
}

/** The words, assignments and variables that a compiler may see. */
function* valuesOf({ executions, dockerfiles }: Model): Generator<Looked> {
  for (const { trace, kind, target, machine } of executions) {
    const isHost = kind !== "run";
    const platform = isHost ? machine : target;
    for (const { program, words, assignments, guarded } of trace.commands) {
      for (const { name, value } of assignments) if (!guarded && isFlags(name)) yield { value, platform, isHost };
      if (guarded || talkers.test(program)) continue;
      for (const value of words.slice(1)) yield { value, platform, isHost };
    }
  }
  for (const { variants } of dockerfiles) {
    for (const { platform, stages } of variants) {
      for (const { variables } of stages)
        for (const { name, value } of variables) if (isFlags(name)) yield { value, platform, isHost: false };
    }
  }
}

function isFlags(name: string): boolean {
  return /FLAGS|^(?:CC|CXX|OPT|ARCH_OPT|EXTRA_\w+|CMAKE_ARGS)$/i.test(name);
}

function isX86({ architecture }: Platform): boolean {
  return architecture === "amd64" || architecture === "386";
}

function* problemsIn(
  value: Value,
  text: string,
  pattern: RegExp,
  platform: Platform,
  isHost: boolean,
): Generator<Problem> {
  for (const found of text.matchAll(pattern)) {
    const spot = spotOf(value, found);
    if (spot === undefined) continue;
    yield {
      rule: id,
      ...(isHost ? { severity: "warning" as const } : {}),
      message: `${spot.text} is an option of compilers for x86, and reaches the build for ${formatPlatform(platform)}.`,
      platforms: [platform],
      place: spot.place,
      spots: [spot],
      advice: "Take the option away, or give it on x86 alone.",
      key: [id, spot.place.path, spot.place.line].join("\0"),
    };
  }
}

function* nativeIn(value: Value, text: string, platform: Platform, isHost: boolean): Generator<Problem> {
  for (const found of text.matchAll(native)) {
    const spot = spotOf(value, found);
    if (spot === undefined) continue;
    yield {
      rule: id,
      severity: isHost ? "note" : "warning",
      message: `${spot.text} compiles for the builder's own processor: the program stops on one that can do less.`,
      platforms: [platform],
      place: spot.place,
      spots: [spot],
      advice:
        "Name the oldest processor that the image is for (-march=x86-64-v2, -march=armv8-a), or take the option away.",
      key: [id, "native", spot.place.path, spot.place.line].join("\0"),
    };
  }
}

/** Where an option is written; undefined when a guard or a map chose it. */
function spotOf(value: Value, found: RegExpExecArray): { place: Place; text: string } | undefined {
  const [whole, option = ""] = found;
  const start = found.index + whole.length - option.length;
  const part = sliceValue(value, start, start + option.length);
  const place = placeOf(part);
  const isWritten = part.pieces.every(
    ({ source, dependsOnPlatform }) => source === "written" && dependsOnPlatform !== true,
  );
  return place === undefined || !isWritten ? undefined : { place, text: option };
}
