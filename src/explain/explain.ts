import { normalizePlatform, type Platform } from "../platform/platform.ts";
import { catalogue } from "./catalogue.ts";
import { contextWords, type Known, LogContext } from "./context.ts";
import type { Entry, Evidence, Sign } from "./entry.ts";
import { type Explanation, judge, type Suspect } from "./judge.ts";
import type { FoundLine } from "./log-window.ts";
import { openLog } from "./log.ts";
import type { Engine } from "./notes.ts";
import { isQuoted } from "./quoted.ts";
import type { Step } from "./step.ts";
import { type PlainLine, segments, unwrap } from "./unwrap.ts";
import { wordScan } from "./word-scan.ts";

/** What a log says: the errors that are known, the root cause first, and what was recognised besides. */
export interface LogExplanation {
  readonly errors: readonly Explanation[];
  readonly facts: LogFacts;
}

/** What was recognised in a log, errors or not. */
export interface LogFacts {
  readonly lines: number;
  readonly engines: readonly Engine[];
  /** Every platform that is mentioned. */
  readonly platforms: readonly Platform[];
  /** The machine that the log comes from. */
  readonly host?: Platform;
  readonly emulator: boolean;
  /** The step that failed first, by itself. */
  readonly failedStep?: string;
}

/** Explains one log: takes its bytes, in chunks of any size, and answers at its end. */
export interface LogReader {
  readonly push: (bytes: Uint8Array) => void;
  readonly end: () => LogExplanation;
}

/** Lines around an error that conditions look at, that are shown, and that tell its role. */
const nearLines = 12;
const shownLines = 2;
const roleLines = 60;
/** Characters of a line that are looked at around an error. */
const nearChars = 1000;
/** Suspicious lines of one entry that are kept: the first ones. Repetitions of one text in one step are one. */
const maxSuspects = 60;

interface IndexedSign {
  readonly entry: Entry;
  readonly sign: Sign;
  /** Its place in the catalogue: of several that fit a line the first of an entry is told. */
  readonly order: number;
}

const signsOfWord: IndexedSign[][] = [];
const words: string[] = [...contextWords];
let order = 0;
for (const entry of catalogue) {
  for (const sign of entry.signs) {
    order += 1;
    for (const word of sign.words) {
      const known = words.indexOf(word);
      const index = known < 0 ? words.push(word) - 1 : known;
      (signsOfWord[index] ??= []).push({ entry, sign, order });
    }
  }
}
/** The search keeps its place nowhere, so that one is enough for all logs. */
const scan = wordScan(words);

/** Reads a log. `known` is what is known of it beforehand. */
export function explainLog(known: Known = {}): LogReader {
  const context = new LogContext(known);
  const suspects: Suspect[] = [];
  const counts = new Map<string, number>();
  const seen = new Set<string>();

  const suspect = ({ entry, sign }: IndexedSign, line: PlainLine, step: Step | undefined, found: FoundLine) => {
    const match = sign.pattern.exec(line.text);
    if (!match) return;
    const count = counts.get(entry.code) ?? 0;
    const key = `${entry.code} ${step?.line ?? 0} ${line.text.slice(0, 200)}`;
    if (count >= maxSuspects || seen.has(key)) return;
    const before = found.before(roleLines).map(plain);
    const spoken = { text: line.text, from: match.index, to: match.index + match[0].length, before, step };
    if (isQuoted(spoken)) return;
    counts.set(entry.code, count + 1);
    seen.add(key);
    const evidence = evidenceOf(
      line.text,
      match,
      before.slice(-nearLines),
      found.after(nearLines).map(plain),
      step,
      context,
    );
    const shown = (raw: readonly string[]) => raw.map((text) => segments(text).at(-1)?.slice(0, nearChars) ?? "");
    suspects.push({
      entry,
      sign,
      evidence,
      line: found.number,
      text: pieceWith(found.text, line.text),
      before: shown(found.before(shownLines)),
      after: shown(found.after(shownLines)),
    });
  };

  const onLine = (found: FoundLine) => {
    const signs = new Set<IndexedSign>();
    for (const word of found.words) for (const sign of signsOfWord[word] ?? []) signs.add(sign);
    const inOrder = [...signs].sort((a, b) => a.order - b.order);
    const tells = [...found.words].some((word) => word < contextWords.length);
    // Of an error that a log repeats without end the first ones are enough.
    if (!tells && inOrder.every(({ entry }) => (counts.get(entry.code) ?? 0) >= maxSuspects)) return;
    for (const segment of segments(found.text)) {
      const line = unwrap(segment);
      const step = tells ? context.observe(line, found.number) : context.stepOf(line, found.number);
      for (const sign of inOrder) suspect(sign, line, step, found);
    }
  };

  const log = openLog(scan, onLine);
  return {
    push: log.push,
    end() {
      const lines = log.end();
      const { host, failed } = context;
      return {
        errors: judge(suspects, context),
        facts: {
          lines,
          engines: [...context.engines],
          platforms: [...context.platforms.values()],
          ...(host ? { host } : {}),
          emulator: context.emulator,
          ...(failed ? { failedStep: failed.name } : {}),
        },
      };
    },
  };
}

/** Explains a text that is there as a whole: the end of a step's log, an error's message. */
export function explainText(text: string, known: Known = {}): LogExplanation {
  const reader = explainLog(known);
  reader.push(Buffer.from(text));
  return reader.end();
}

function plain(raw: string): string {
  const last = segments(raw.length > 4 * nearChars ? raw.slice(0, 4 * nearChars) : raw).at(-1);
  return last === undefined ? "" : unwrap(last).text.slice(0, nearChars);
}

/** The segment of a raw line in which a text stands, as it was printed. */
function pieceWith(raw: string, text: string): string {
  return (segments(raw).find((segment) => segment.includes(text.slice(0, 80))) ?? raw).slice(0, 4 * nearChars);
}

function evidenceOf(
  text: string,
  match: RegExpExecArray,
  before: readonly string[],
  after: readonly string[],
  step: Step | undefined,
  context: LogContext,
): Evidence {
  return {
    text,
    match,
    before,
    after,
    step,
    context,
    get platform() {
      return platformOf(text, match, step, context);
    },
    get foreign() {
      // What runs decides: a step that runs on the build platform is native whatever it makes.
      return context.foreign(step?.runsOn ?? platformOf(text, match, step, context));
    },
    near: (pattern) => [...before, text, ...after].some((line) => pattern.test(line)),
  };
}

/** Names of machines in errors: of QEMU's programs, loaders, toolchains and packages. */
const machineName = String.raw`x86_64|x86-64|amd64|aarch64|arm64|armv[5678]l?|armhf|armel|arm|i[36]86|ppc64le|ppc64el|s390x|riscv64|loongarch64`;
const qemuName = new RegExp(String.raw`\bqemu-(?<arch>${machineName})(?:-static)?\b`);

/** The platform that an error is about: its own words first, then its step, then what the log is about. */
function platformOf(
  text: string,
  match: RegExpExecArray,
  step: Step | undefined,
  context: LogContext,
): Platform | undefined {
  const { platform, arch, node } = match.groups ?? {};
  const named = platform === undefined ? undefined : parse(platform);
  if (named) return named;
  if (arch !== undefined) return linux(arch);
  if (step?.target) return step.target;
  const ofNode = node === undefined ? undefined : nodePlatforms.get(node.replace(/^linux-/, ""));
  if (ofNode !== undefined) return linux(ofNode);
  // What the emulator was given is the stranger; the image is of the machine.
  if (/[Cc]ould not open|Invalid ELF image/.test(text)) return context.host ?? context.known.platform;
  const emulated = qemuName.exec(text)?.groups?.["arch"];
  if (emulated !== undefined) return linux(emulated);
  if (context.known.platform) return context.known.platform;
  const compiled = targetTriple.exec(match[0])?.groups?.["arch"];
  if (compiled !== undefined) return linux(compiled);
  const [only, ...more] = context.requested.values();
  return more.length === 0 ? (only ?? context.ranAs ?? context.userland) : undefined;
}

/** Node.js' names of architectures (`process.arch`) that are spelled in their own way. */
const nodePlatforms: ReadonlyMap<string, string> = new Map([
  ["x64", "amd64"],
  ["arm64", "arm64"],
  ["arm", "arm"],
  ["ia32", "386"],
  ["s390x", "s390x"],
  ["riscv64", "riscv64"],
]);
/** `aarch64-linux-gnu-gcc`, `armv7-unknown-linux-gnueabihf`. */
const targetTriple = new RegExp(String.raw`\b(?<arch>${machineName})(?:-unknown)?-linux-`);

function linux(architecture: string): Platform {
  return normalizePlatform({ os: "linux", architecture: architecture.replace("aarch_64", "aarch64") });
}

function parse(text: string): Platform | undefined {
  const [os = "", architecture, variant] = text.replace(/\(.*$/, "").split("/");
  return architecture === undefined || architecture === ""
    ? undefined
    : normalizePlatform({ os, architecture, variant });
}
