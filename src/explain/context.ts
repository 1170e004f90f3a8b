import { canRun, formatPlatform, normalizePlatform, type Platform } from "../platform/platform.ts";
import { hostWords, readHost } from "./host-platform.ts";
import { type Circumstance, circumstanceNotes, type Engine, engineNotes } from "./notes.ts";
import { readStep, type Step } from "./step.ts";
import type { PlainLine } from "./unwrap.ts";

/** What is known of a build beforehand, when Archway ran it itself. */
export interface Known {
  /** The platform that the log is about. */
  readonly platform?: Platform;
  /** The machine that ran it. */
  readonly host?: Platform;
  /** Whether the platform's programs were emulated. */
  readonly emulated?: boolean;
  readonly engine?: Engine;
}

/** Bounds of what is remembered: a log is from strangers. */
const maxSteps = 5000;
const maxPlatforms = 40;
const maxNames = 200;

/** Machines in names that Python's setuptools give to what they build. */
const pythonMachines = ["x86_64", "aarch64", "armv7l", "armv6l", "i686", "ppc64le", "s390x", "riscv64"];
/** What package managers fetch and build tells what architecture the packages are for: Alpine's and Debian's lists, Python's `build/lib.linux-armv7l-…` and wheels. */
const packageList = new RegExp(
  [
    String.raw`\/(?<alpine>x86_64|x86|aarch64|armhf|armv7|ppc64le|s390x|riscv64|loongarch64)\/APKINDEX\.`,
    String.raw`\d .*\b(?<debian>amd64|arm64|armhf|armel|i386|ppc64el|s390x|riscv64) Packages \[`,
    String.raw`(?:\b(?:lib|temp)\.linux-|filename=\S+-linux_)(?<python>${pythonMachines.join("|")})\b`,
  ].join("|"),
);

/** Words of lines that say where a log stands, besides those of the notes. */
const structureWords = [
  ...["run", "copy", "add", "from", "workdir", "cmd", "entrypoint", "env"].flatMap((word) =>
    [`] ${word} `, `: ${word} `].map((text) => text.padStart(6)),
  ),
  "internal]",
  " done ",
  "cached\n",
  "canceled\n",
  " error: ",
  "error: building at step",
  "error building",
  "successfully built",
  "successfully tagged",
  "naming to ",
  "--tag ",
  "committing",
  "linux/",
  "/apkindex.",
  "packages [",
  "lib.linux-",
  "temp.linux-",
  "-linux_",
  "--platform",
  "=> => ",
  "\n------",
];

/** Words to be searched for, for {@link LogContext.observe}. */
export const contextWords: readonly string[] = [
  ...new Set([
    ...structureWords.filter((word) => Buffer.byteLength(word) >= 6),
    ...hostWords,
    ...engineNotes.flatMap(({ words }) => words),
    ...circumstanceNotes.flatMap(({ words }) => words),
  ]),
];

/** What a log tells about itself as it goes by. */
export class LogContext {
  readonly engines = new Set<Engine>();
  /** In the order in which they were mentioned. */
  readonly platforms = new Map<string, Platform>();
  /** Of those, what was asked for with `--platform` and the like. */
  readonly requested = new Map<string, Platform>();
  /** Image names that the log builds or tags. */
  readonly built = new Set<string>();
  /** The line of the log where each circumstance was last seen. */
  readonly circumstances = new Map<Circumstance, number>();
  readonly known: Known;
  /** The first step that failed by itself. */
  failed: Step | undefined;

  /** The platform of the image that the client warned of: it runs, whatever the machine is. */
  ranAs: Platform | undefined;

  /** Architectures whose packages are listed. */
  #userlands = new Map<string, Platform>();
  #host: { platform: Platform; certain: boolean } | undefined;
  #steps = new Map<number, Step>();
  #lanes = new Map<string, Step>();
  #lane = "";
  #allSteps: Step[] = [];
  #excerpt: { step: Step; line: number } | undefined;

  constructor(known: Known = {}) {
    this.known = known;
    if (known.engine) this.engines.add(known.engine);
    if (known.host) this.#host = { platform: known.host, certain: true };
    if (known.platform) this.#mention(known.platform, true);
  }

  /** Takes in a line, and returns the step that it belongs to. */
  observe(plain: PlainLine, line: number): Step | undefined {
    const { text } = plain;
    const step = this.stepOf(plain, line);
    for (const { name, pattern } of engineNotes)
      if (!this.engines.has(name) && pattern.test(text)) this.engines.add(name);
    for (const { name, pattern } of circumstanceNotes) if (pattern.test(text)) this.circumstances.set(name, line);
    this.#readPlatforms(text);
    if (step === undefined && (!this.#host || !this.#host.certain)) {
      const host = readHost(text);
      if (host && (host.certain || !this.#host)) this.#host = host;
    }
    const tagged =
      /(?:naming to |Successfully tagged |(?:^|\s)(?:-t|--tag)[ =])(?:docker\.io\/)?(?:library\/)?(?<name>[\w./-]+)/.exec(
        text,
      );
    if (tagged?.groups?.["name"] !== undefined && this.built.size < maxNames) this.built.add(tagged.groups["name"]);
    return step;
  }

  /** The machine that the log comes from, when it tells. */
  get host(): Platform | undefined {
    return this.#host?.platform;
  }

  /** What the programs of the log are made for, as the lists of packages tell that are fetched: the one architecture that there are lists of. */
  get userland(): Platform | undefined {
    const [only, ...more] = this.#userlands.values();
    return more.length === 0 ? only : undefined;
  }

  has(circumstance: Circumstance): boolean {
    return this.circumstances.has(circumstance);
  }

  /** Whether an emulator is known to be there. */
  get emulator(): boolean {
    return this.has("emulator") || this.has("rosetta") || this.known.emulated === true;
  }

  /**
   * Whether programs of a platform are foreign to the machine: `undefined` when the log does not tell. A log that builds several architectures and does not
   * name its machine is taken for one of amd64, as nearly all CI is. Engines name the platform of a step only where several are built.
   */
  foreign(platform: Platform | undefined): boolean | undefined {
    if (this.known.emulated !== undefined && platform !== undefined && this.known.platform !== undefined) {
      if (formatPlatform(platform) === formatPlatform(this.known.platform)) return this.known.emulated;
    }
    if (platform === undefined) return undefined;
    const host = this.host;
    if (host) return !canRun(host, platform);
    const architectures = new Set([...this.platforms.values()].map(({ architecture }) => architecture));
    const several = architectures.size > 1 || this.#allSteps.some(({ runsOn }) => runsOn !== undefined);
    if (several || this.has("emulator")) return !["amd64", "386"].includes(platform.architecture);
    return undefined;
  }

  /** Whether other steps of the same platform ran programs without an error before this one. */
  ranBefore(step: Step): boolean {
    return this.#allSteps.some(
      (other) =>
        other !== step &&
        other.line < step.line &&
        other.state === "done" &&
        /^(?:ONBUILD )?RUN /.test(other.command) &&
        sameTarget(other.runsOn, step.runsOn),
    );
  }

  /** Steps that run when the log ends or breaks off. */
  runningSteps(): readonly Step[] {
    return this.#allSteps.filter(({ state }) => state === "running");
  }

  /** Every step that was announced, in order. */
  get steps(): readonly Step[] {
    return this.#allSteps;
  }

  /** The job is said to have ended well at or after a line, and nothing says otherwise after that. */
  succeededAfter(line: number): boolean {
    const succeeded = this.circumstances.get("job-succeeded") ?? 0;
    return succeeded >= line && (this.circumstances.get("job-failed") ?? 0) < succeeded;
  }

  /** The step that a line belongs to; announcements and ends of steps are taken in. */
  stepOf({ text, step: number, fromEngine }: PlainLine, line: number): Step | undefined {
    const opensExcerpt = /^ ?> \[/.test(text);
    const header = opensExcerpt
      ? text.replace(/^ ?> /, "").replace(/:$/, "")
      : text.replace(/^ ?=> (?:ERROR |CACHED |CANCELED )?/, "");
    if (number !== undefined) {
      const excerpt = this.#excerpt && line - this.#excerpt.line < 60 ? this.#excerpt.step : undefined;
      const known = this.#steps.get(number) ?? excerpt;
      if (!fromEngine) return known;
      const read = readStep(text, line);
      if (read) {
        if (known && known.name === read.step.name && known.state === "running") return known;
        this.#add(read.step);
        this.#steps.set(number, read.step);
        return read.step;
      }
      if (known) this.#end(known, text);
      return known;
    }
    if (header !== text) {
      const named = this.#allSteps.findLast(
        ({ name }) => name === header || name.startsWith(header.replace(/\s+\d+\.\d+s$/, "")),
      );
      const step = named ?? readStep(header.replace(/\s+\d+\.\d+s$/, ""), line)?.step;
      if (!step) return undefined;
      if (!named) this.#add(step);
      if (opensExcerpt || /=> ERROR /.test(text)) this.#fail(step);
      this.#excerpt = opensExcerpt ? { step, line } : undefined;
      return step;
    }
    const read = readStep(text, line);
    if (read?.sequential) {
      const before = this.#lanes.get(read.lane);
      if (before?.state === "running") before.state = "done";
      this.#lanes.set(read.lane, read.step);
      this.#lane = read.lane;
      this.#add(read.step);
      return read.step;
    }
    if (read) {
      // A part of a log, which somebody has stripped of the numbers of its steps.
      this.#add(read.step);
      this.#excerpt = { step: read.step, line };
      return read.step;
    }
    if (/^-{6,}$/.test(text)) {
      this.#excerpt = undefined;
      return undefined;
    }
    if (this.#excerpt && line - this.#excerpt.line < 60) return this.#excerpt.step;
    const current = this.#lanes.get(this.#lane);
    if (current?.state !== "running") return undefined;
    if (/^(?:Successfully (?:built|tagged)|COMMIT |Committing )/.test(text)) {
      current.state = "done";
      return undefined;
    }
    if (/^(?:[Ee]rror: (?:error )?building at STEP|The command '|error building image)/.test(text)) this.#fail(current);
    return current;
  }

  #add(step: Step): void {
    const engine = engineOf(step.name);
    if (engine === "BuildKit" || !["Podman", "Buildah"].some((name) => this.engines.has(name as Engine)))
      this.engines.add(engine);
    if (this.#allSteps.length < maxSteps) this.#allSteps.push(step);
  }

  #end(step: Step, text: string): void {
    if (/^DONE\b/.test(text)) step.state = "done";
    else if (/^CACHED\b/.test(text)) step.state = "cached";
    else if (/^CANCELED\b/.test(text)) step.state = "canceled";
    else if (/^ERROR: .*context canceled$/.test(text)) step.state = "canceled";
    else if (/^ERROR\b/.test(text)) this.#fail(step);
  }

  #fail(step: Step): void {
    step.state = "failed";
    this.failed ??= step;
  }

  #readPlatforms(text: string): void {
    const ran = /image's platform \(linux\/(?<arch>\w+)(?:\/(?<variant>\w+))?\) does not match the detected/.exec(
      text,
    )?.groups;
    if (ran) this.ranAs = normalizePlatform({ os: "linux", architecture: ran["arch"] ?? "", variant: ran["variant"] });
    const listed = packageList.exec(text)?.groups;
    if (listed && this.#userlands.size < maxPlatforms) {
      const { alpine, debian, python = "" } = listed;
      const variant = alpine === "armhf" ? "v6" : undefined;
      const architecture = variant === undefined ? (alpine ?? debian ?? python).replace(/^x86$/, "386") : "arm";
      const platform = normalizePlatform({ os: "linux", architecture, variant });
      this.#userlands.set(formatPlatform(platform), platform);
    }
    if (!text.includes("linux/")) {
      const bare =
        /(?:--(?:platform|arch)[ =]|kubernetes\.io\/arch[=:] ?)"?(?<arch>amd64|arm64|arm\/v[67]|aarch64|x86_64|riscv64|s390x|ppc64le)\b/.exec(
          text,
        )?.groups?.["arch"];
      if (bare === undefined) return;
      const [architecture = "", variant] = bare.split("/");
      this.#mention(normalizePlatform({ os: "linux", architecture, variant }), true);
      return;
    }
    const asked = /--platforms?[ =]|platforms?"?[:=]|DOCKER_DEFAULT_PLATFORM|TARGETPLATFORM=/i.test(text);
    for (const { groups } of text.matchAll(/\blinux\/(?<arch>[a-z0-9_]+)(?:\/(?<variant>v[0-9.]+))?/g)) {
      const { arch = "", variant } = groups ?? {};
      if (
        !/^(?:amd64|arm64|arm|386|i386|x86_64|aarch64|ppc64le|s390x|riscv64|mips\w*|loong64|armhf|armv\d\w*)$/.test(
          arch,
        )
      )
        continue;
      this.#mention(normalizePlatform({ os: "linux", architecture: arch, variant }), asked);
    }
  }

  #mention(platform: Platform, asked: boolean): void {
    const name = formatPlatform(platform);
    if (this.platforms.size < maxPlatforms) this.platforms.set(name, platform);
    if (asked && this.requested.size < maxPlatforms) this.requested.set(name, platform);
  }
}

/** Every engine announces its steps in its own way. */
function engineOf(name: string): Engine {
  if (name.startsWith("INFO")) return "kaniko";
  if (/^(?:\[.*\] ?)*STEP /.test(name)) return "Buildah";
  return name.startsWith("Step ") ? "Docker" : "BuildKit";
}

function sameTarget(a: Platform | undefined, b: Platform | undefined): boolean {
  return (a && formatPlatform(a)) === (b && formatPlatform(b));
}
