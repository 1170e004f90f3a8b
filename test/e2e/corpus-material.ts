/** What the images of the corpus are made of: layers of the bed's base images, Debian packages, and programs compiled on the spot. */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { promisify } from "node:util";
import { extract, pack } from "tar-stream";
import { parseIndex } from "../../src/oci/index.ts";
import { digestOf } from "../../src/oci/digest.ts";
import { parseManifest } from "../../src/oci/manifest.ts";
import { mediaTypes } from "../../src/oci/media-types.ts";
import { readConfig, readDocument } from "../../src/image/children.ts";
import { formatPlatform } from "../../src/platform/platform.ts";
import { LayoutStore } from "../../src/store/layout.ts";
import { readAll } from "../../src/store/read-all.ts";
import type { MadeEntry, MadeLayer } from "../../src/verify/layer/test-image.ts";
import { makeZip } from "../../src/verify/program/test-zip.ts";
import { baseLayout } from "../bed/base/image.ts";
import { platformOf, type DebianArchitecture } from "../bed/base/debian-archive.ts";
import { packageTar } from "../bed/base/package-tar.ts";
import type { BaseName } from "../bed/base/recipes.ts";
import { findGo } from "../bed/go-toolchain.ts";
import { logToStderr } from "../bed/log.ts";

const run = promisify(execFile);

/** A layer that is made when the first image needs it. */
export type LayerSource = (workshop: Workshop) => Promise<readonly MadeLayer[]>;

/** The content of a file that is made when the first image needs it. */
export type ContentSource = (workshop: Workshop) => Promise<Uint8Array | string>;

/** Where programs are compiled and layers are kept, each once. */
export class Workshop implements AsyncDisposable {
  readonly #made = new Map<string, Promise<unknown>>();
  readonly dir: string;

  private constructor(dir: string) {
    this.dir = dir;
  }

  static async open(): Promise<Workshop> {
    return new Workshop(await mkdtemp(join(tmpdir(), "archway-corpus-")));
  }

  /** Makes what a name stands for, once. */
  once<T>(name: string, make: () => Promise<T>): Promise<T> {
    // The name says what was made under it.
    const made = (this.#made.get(name) as Promise<T> | undefined) ?? make();
    this.#made.set(name, made);
    return made;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.dir, { recursive: true, force: true });
  }
}

/** All layers of a base image of the bed. */
export function base(name: BaseName, architecture: DebianArchitecture, tag?: string): LayerSource {
  return (workshop) =>
    workshop.once(`base ${name} ${architecture} ${tag}`, async () => {
      const { layout, tags } = await baseLayout(name, logToStderr);
      const store = new LayoutStore(layout);
      const index = parseIndex(await store.manifest(await store.resolve(tag ?? tags[0]?.tag ?? "")));
      const wanted = formatPlatform(platformOf[architecture]);
      const entry = index.entries.find(
        ({ descriptor: { platform } }) => platform !== undefined && formatPlatform(platform) === wanted,
      );
      if (entry === undefined) throw new RangeError(`${name} has nothing for ${wanted}`);
      const manifest = parseManifest(await store.manifest(entry.descriptor));
      const document = await readDocument(store, entry.descriptor, {});
      if (document.kind !== "manifest") throw new RangeError(`${name} is no image`);
      const { diffIds } = await readConfig(store, document, {});
      return Promise.all(
        manifest.layers.map(async (layer, at): Promise<MadeLayer> => {
          const blob = await readAll(store.fetch(layer, {}), layer.size, layer.digest);
          return { entries: [], blob, diffId: diffIds[at] ?? "", createdBy: "/bin/sh -c #(nop) ADD file:5d2 in / " };
        }),
      );
    });
}

/** A layer for each package, as dpkg unpacks it where `/lib` and `/bin` are folders of their own. */
export function packages(architecture: DebianArchitecture, ...names: readonly string[]): LayerSource {
  return (workshop) => Promise.all(names.map((name) => packageLayer(workshop, architecture, name)));
}

/** A layer for each package, as dpkg unpacks it where `/lib` and `/bin` are links into `/usr`: on all bases of Debian 12. */
export function mergedPackages(architecture: DebianArchitecture, ...names: readonly string[]): LayerSource {
  return (workshop) =>
    Promise.all(
      names.map((name) =>
        workshop.once(`merged ${architecture} ${name}`, async () => {
          const layer = await packageLayer(workshop, architecture, name);
          const blob = await mergeUsr(layer.blob ?? Buffer.alloc(0));
          return { ...layer, blob, diffId: digestOf(blob) };
        }),
      ),
    );
}

async function packageLayer(workshop: Workshop, architecture: DebianArchitecture, name: string): Promise<MadeLayer> {
  const blob = await workshop.once(`package ${architecture} ${name}`, async () =>
    readFile(await packageTar(architecture, name, logToStderr)),
  );
  const createdBy = `RUN /bin/sh -c apt-get install -y ${name} # buildkit`;
  return { entries: [], blob, diffId: digestOf(blob), createdBy, mediaType: mediaTypes.ociLayer };
}

/** Moves what a package has in `/bin`, `/sbin` and `/lib…` to `/usr`. */
async function mergeUsr(tar: Uint8Array): Promise<Uint8Array> {
  const merged = pack();
  const reader = extract();
  reader.on("entry", (header, content, next) => {
    const name = header.name.replace(/^\.\/(s?bin|lib(?:32|64|x32)?)(?=\/)/, "./usr/$1");
    content.pipe(merged.entry({ ...header, name }, next));
  });
  reader.on("finish", () => merged.finalize());
  reader.end(Buffer.from(tar));
  return buffer(merged);
}

/** One layer with files of real content; a text that begins with `->` is a symlink. */
export function copy(
  files: Readonly<Record<string, ContentSource | string>>,
  createdBy = "COPY . / # buildkit",
  mode = 0o755,
): LayerSource {
  return async (workshop) => {
    const entries: MadeEntry[] = [];
    for (const [path, source] of Object.entries(files)) {
      const name = path.slice(1);
      const content = typeof source === "string" ? source : await source(workshop);
      if (typeof content === "string" && content.startsWith("-> ")) {
        entries.push({ name, type: "symlink", target: content.slice(3) });
      } else entries.push({ name, content, mode });
    }
    return [{ entries, createdBy }];
  };
}

/** GNU tool-chains of Debian by architecture, and musl's for amd64. */
const compilers = {
  amd64: "gcc",
  arm64: "aarch64-linux-gnu-gcc",
  armhf: "arm-linux-gnueabihf-gcc",
  armel: "arm-linux-gnueabi-gcc",
  musl: "musl-gcc",
} as const;

const program = `#include <stdio.h>\nint main(void) { puts("hello"); return 0; }\n`;
const library = `int answer(void) { return 42; }\n`;
const caller = `int answer(void);\nint main(void) { return answer() - 42; }\n`;

/** A C program that says hello, or what the source and the options make. */
export function compiled(
  compiler: keyof typeof compilers,
  { options = [], source = program }: { options?: readonly string[]; source?: string } = {},
): ContentSource {
  return (workshop) =>
    workshop.once(`compiled ${compiler} ${options.join(" ")} ${source}`, async () => {
      const dir = await mkdtemp(join(workshop.dir, "c-"));
      await writeFile(join(dir, "main.c"), source);
      await run(compilers[compiler], [...options, "-o", "out", "main.c", ...(await linked(dir))], { cwd: dir });
      return readFile(join(dir, "out"));
    });

  /** A program that calls the library is linked against one that is not in its folder when it starts. */
  async function linked(dir: string): Promise<string[]> {
    if (source !== caller) return [];
    await writeFile(join(dir, "answer.c"), library);
    const args = ["-shared", "-Wl,-soname,libanswer.so.1", "-o", "libanswer.so", "answer.c"];
    await run(compilers[compiler], args, { cwd: dir });
    return ["-L.", "-lanswer"];
  }
}

/** A shared library `libanswer.so.1`. */
export function sharedLibrary(compiler: keyof typeof compilers, ...options: readonly string[]): ContentSource {
  return compiled(compiler, { options: ["-shared", "-Wl,-soname,libanswer.so.1", ...options], source: library });
}

/** A program that needs `libanswer.so.1`. */
export function callerOfLibrary(compiler: keyof typeof compilers, ...options: readonly string[]): ContentSource {
  return compiled(compiler, { options, source: caller });
}

/** An object file, as kernel modules and test data are. */
export function objectFile(compiler: keyof typeof compilers): ContentSource {
  return compiled(compiler, { options: ["-c"], source: library });
}

/** A pure Go program; `settings` are GOARCH, GOARM, GOAMD64. */
export function goProgram(settings: Readonly<Record<string, string>>): ContentSource {
  return (workshop) =>
    workshop.once(`go ${JSON.stringify(settings)}`, async () => {
      const go = await findGo(logToStderr);
      const dir = await mkdtemp(join(workshop.dir, "go-"));
      await writeFile(join(dir, "main.go"), `package main\n\nfunc main() { println("hello") }\n`);
      await writeFile(join(dir, "go.mod"), "module hello\n\ngo 1.19\n");
      const env = { ...go.env, GOTOOLCHAIN: "local", CGO_ENABLED: "0", GOOS: "linux", ...settings };
      await run(go.program, ["build", "-buildvcs=false", "-o", "out", "."], { cwd: dir, env });
      return readFile(join(dir, "out"));
    });
}

/** A jar as `jar` writes it, with native libraries among its classes. */
export function jar(files: Readonly<Record<string, ContentSource>>): ContentSource {
  return async (workshop) => {
    const members = [{ name: "META-INF/MANIFEST.MF", content: "Manifest-Version: 1.0\r\n\r\n" as string | Uint8Array }];
    for (const [name, source] of Object.entries(files)) members.push({ name, content: await source(workshop) });
    return makeZip(members, { streamed: true });
  };
}

/** A file of a Debian package; `path` as in the package, links not followed. */
export function fileOf(architecture: DebianArchitecture, name: string, path: string): ContentSource {
  return (workshop) =>
    workshop.once(`file ${architecture} ${name} ${path}`, async () => {
      const tar = await packageTar(architecture, name, logToStderr);
      const { stdout } = await run("tar", ["-xOf", tar, `.${path}`], { encoding: "buffer", maxBuffer: 200e6 });
      return stdout;
    });
}

/** The part of a program that only debuggers read, as `/usr/lib/debug` keeps it. */
export function debugFile(architecture: "arm64" | "armhf"): ContentSource {
  return (workshop) =>
    workshop.once(`debug ${architecture}`, async () => {
      const dir = await mkdtemp(join(workshop.dir, "debug-"));
      await writeFile(join(dir, "main.c"), program);
      await run(compilers[architecture], ["-g", "-o", "out", "main.c"], { cwd: dir });
      const objcopy = compilers[architecture].replace(/gcc$/, "objcopy");
      await run(objcopy, ["--only-keep-debug", "out", "out.debug"], { cwd: dir });
      return readFile(join(dir, "out.debug"));
    });
}
