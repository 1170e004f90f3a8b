import { ArchiveCapture, isArchive } from "./archive-capture.ts";
import { databaseFile, DatabaseReader } from "../packages/database-file.ts";
import { ElfCapture } from "./elf-capture.ts";
import { isElf } from "../program/elf-header.ts";
import type { LayerEntry } from "./facts.ts";
import { isForeignProgram, ProgramCapture } from "./program-capture.ts";
import type { ContentSink, TarEntry } from "./tar-walk.ts";

/** The facts of an entry while its content is read. */
export type EntryFacts = { -readonly [Key in keyof LayerEntry]: LayerEntry[Key] };

/** What Linux looks at of a `#!` line (BINPRM_BUF_SIZE). */
const headLength = 256;

/** Longest text that is kept, bytes. */
const maxText = 64 * 1024;

/**
 * Files whose text decides where the loaders look for libraries (glibc's and musl's), for which architectures package managers
 * install, and for which platforms a Python wheel was made.
 */
const textPaths =
  /^etc\/(?:ld\.so\.conf|ld\.so\.conf\.d\/[^/]+\.conf|ld-musl-[^/]+\.path|apk\/arch)$|^var\/lib\/dpkg\/arch$|\/(?:site|dist)-packages\/[^/]+\.dist-info\/WHEEL$/;

/** Most bytes of shell scripts that are kept of one layer: a system has some hundred KB of them. */
const maxScripts = 2 * 1024 * 1024;

/** The first line of a script for a shell, started by name, by `env` or by BusyBox. */
const shellScript =
  /^#![ \t]*(?:\S*\/)?(?:(?:env|busybox)[ \t]+(?:-\S+[ \t]+)?(?:\S*\/)?)?(?:ba|da|a|k|z)?sh(?=[ \t\r\n]|$)/;

/** Scripts that package managers run, and no container. */
const packageScripts = /^(?:var\/lib\/dpkg\/info|usr\/lib\/sysimage|lib\/apk)\//;

/** Reads the content of one file after the other: looks at its first bytes, then takes what its kind needs. */
export class ContentReader implements ContentSink {
  readonly #elf = new ElfCapture();
  readonly #program = new ProgramCapture();
  readonly #archive = new ArchiveCapture();
  #kind: "unknown" | "elf" | "program" | "archive" | "script" | "text" | "other" = "unknown";
  #scriptRoom = maxScripts;
  /** Takes the pieces of a kind of content that needs more than its head; false when it wants no more. */
  #capture: ((piece: Uint8Array) => boolean) | undefined;
  #keep = 0;
  #head = Buffer.alloc(0);
  #entry: TarEntry | undefined;
  #facts: EntryFacts | undefined;

  /** Begins the file of an entry; what is found is put into its facts. */
  start(entry: TarEntry, facts: EntryFacts): ContentSink {
    const database = databaseFile(entry.path);
    if (database !== undefined) return new DatabaseReader(database, entry.size, facts);
    const isText = textPaths.test(entry.path) && entry.size <= maxText;
    this.#kind = isText ? "text" : "unknown";
    this.#capture = undefined;
    this.#keep = isText ? maxText : (entry.mode & 0o111) === 0 ? 4 : headLength;
    this.#head = Buffer.alloc(0);
    this.#entry = entry;
    this.#facts = facts;
    return this;
  }

  write(piece: Uint8Array): boolean {
    const taken = this.#take(piece);
    if (this.#kind === "unknown" && this.#head.length >= 4) {
      this.#choose();
      // A head over several pieces is rare, but the bytes before this piece are all in it.
      const before = this.#head.length - taken;
      if (before > 0) this.#capture?.(this.#head.subarray(0, before));
      // A script is wanted whole.
      this.#take(piece.subarray(taken));
    }
    const more = this.#capture?.(piece) ?? false;
    return more || this.#head.length < this.#keep;
  }

  /** Keeps what is wanted of a piece; gives the number of its bytes. */
  #take(piece: Uint8Array): number {
    const wanted = piece.subarray(0, Math.max(0, this.#keep - this.#head.length));
    if (wanted.length > 0) {
      this.#head = this.#head.length === 0 ? Buffer.from(wanted) : Buffer.concat([this.#head, wanted]);
    }
    return wanted.length;
  }

  skip(length: number): boolean {
    if (this.#kind !== "elf") return false;
    this.#elf.skip(length);
    return true;
  }

  end(): void {
    const facts = this.#facts;
    this.#facts = undefined;
    if (facts === undefined) return;
    if (this.#kind === "elf") {
      const captured = this.#elf.finish();
      if (captured !== undefined) {
        facts.elf = captured.elf;
        facts.fingerprint = captured.fingerprint;
        return;
      }
    } else if (this.#kind === "program") {
      const program = this.#program.finish();
      if (program !== undefined) facts.program = program;
    } else if (this.#kind === "archive") {
      const members = this.#archive.finish();
      if (members.length > 0) facts.members = members;
    }
    if (this.#kind === "text") facts.text = this.#head.toString("utf8");
    else if (this.#kind === "script") this.#keepScript(facts);
    if (this.#kind !== "text" && (facts.mode & 0o111) !== 0)
      facts.head = this.#head.subarray(0, headLength).toString("latin1").split("\n", 1)[0] ?? "";
  }

  #keepScript(facts: EntryFacts): void {
    if (this.#head.length > this.#scriptRoom || !shellScript.test(this.#head.toString("latin1", 0, headLength))) return;
    this.#scriptRoom -= this.#head.length;
    facts.text = this.#head.toString("utf8");
  }

  /** What the file is, by its first bytes. */
  #choose(): void {
    const { path = "", size = 0, mode = 0 } = this.#entry ?? {};
    this.#kind = "other";
    if (this.#head[0] === 0x23 && this.#head[1] === 0x21) {
      // `sh FILE` starts scripts without an x bit too.
      const isStarted = (mode & 0o111) !== 0 || path.endsWith(".sh");
      if (!isStarted || size > Math.min(maxText, this.#scriptRoom) || packageScripts.test(path)) return;
      this.#kind = "script";
      this.#keep = size;
    } else if (isElf(this.#head)) {
      this.#kind = "elf";
      this.#keep = 0;
      this.#elf.start(size);
      this.#capture = (piece) => this.#elf.write(piece);
    } else if (isForeignProgram(this.#head)) {
      this.#kind = "program";
      this.#program.start(size);
      this.#capture = (piece) => this.#program.write(piece);
    } else if (isArchive(this.#head, path)) {
      this.#kind = "archive";
      this.#archive.start();
      this.#capture = (piece) => this.#archive.write(piece);
    }
  }
}
