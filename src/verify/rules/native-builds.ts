import { elfTypes } from "../program/elf-header.ts";
import type { ElfFacts } from "../program/elf.ts";
import { homeOf, legitimacyOf } from "./exemptions.ts";
import type { ForeignProgram } from "../layer/facts.ts";
import type { ExpectedCode } from "../program/identity.ts";
import { architectureOf, deviceOf, isOf } from "../program/identity.ts";
import type { ImageFacts } from "../view/image-facts.ts";
import { setKey, systemNamed } from "../program/platform-words.ts";
import type { ViewFile } from "../view/view.ts";
import { baseName } from "../view/view.ts";

/** One file of machine code that may be one of several builds: a file of the image, or a member of an archive in it. */
export interface NativeBuild {
  /** In an archive `/app/a.jar!/b/c.so`. */
  readonly path: string;
  /** The innermost archive that holds it. */
  readonly archive?: string;
  /** The file of the image. */
  readonly file: ViewFile;
  /** What it runs on: `linux/arm64`; a universal file of macOS has several. */
  readonly runsOn: readonly string[];
  readonly isOwn: boolean;
  readonly isLibrary: boolean;
  readonly elf?: ElfFacts;
}

/** Builds of one thing, for whatever platforms there are. */
export interface BuildSet {
  readonly folder: string;
  readonly name: string;
  /** Whether a path among them names a platform. */
  readonly named: boolean;
  readonly builds: readonly NativeBuild[];
}

/** Something in an archive that was not examined. */
export interface Unexamined {
  readonly path: string;
  readonly reason: string;
  readonly file: ViewFile;
}

/** All machine code of an image, by what it is a build of. */
export interface NativeBuilds {
  readonly sets: readonly BuildSet[];
  readonly unexamined: readonly Unexamined[];
}

/**
 * Puts the machine code of an image into sets: files whose paths differ in their platform alone. What is foreign on purpose
 * wherever it is (object files, code for devices, firmware, test data) is in none.
 */
export function nativeBuilds(image: ImageFacts): NativeBuilds {
  const sets = new Map<string, { folder: string; name: string; named: boolean; builds: NativeBuild[] }>();
  const unexamined: Unexamined[] = [];
  const put = (build: NativeBuild | undefined) => {
    if (build === undefined) return;
    const { folder, name, named } = setKey(build.path);
    const key = `${folder}\0${name}`;
    const set = sets.get(key) ?? { folder, name, named, builds: [] };
    set.named ||= named;
    set.builds.push(build);
    sets.set(key, set);
  };
  for (const { path, file } of image.view.files()) {
    const { elf, program, members = [] } = file.entry;
    // The names of loaders (`ld-linux-x86-64.so.2`) have the architecture in them by the ABI, which makes them no set.
    if (elf !== undefined && /^ld-(?:linux|musl)[-.]/.test(baseName(path))) continue;
    if (elf !== undefined) put(ofElf({ path, file }, elf, image.expected));
    else if (program !== undefined) put(ofProgram({ path, file }, program));
    for (const member of members) {
      const inner = member.path === "" ? path : `${path}!/${member.path}`;
      const place = { path: inner, file, archive: inner.slice(0, inner.lastIndexOf("!/")) };
      if (member.unread !== undefined) {
        if (homeOf(inner) === undefined) unexamined.push({ path: inner, reason: member.unread, file });
      } else if (member.elf !== undefined) put(ofElf(place, member.elf, image.expected));
      else if (member.program !== undefined) put(ofProgram(place, member.program));
    }
  }
  return { sets: [...sets.values()], unexamined };
}

type Place = Pick<NativeBuild, "path" | "file" | "archive">;

function ofElf(place: Place, elf: ElfFacts, expected: ExpectedCode): NativeBuild | undefined {
  const { path, archive } = place;
  const architecture = architectureOf(elf);
  if (architecture === undefined || deviceOf(elf) !== undefined) return undefined;
  if (elf.type !== elfTypes.executable && elf.type !== elfTypes.shared) return undefined;
  const isAndroid = /\.(?:aar|apk)!/.test(path) || /\/(?:armeabi-v7a|arm64-v8a)\//.test(path);
  const system = isAndroid ? "android" : (systemNamed(path) ?? "linux");
  const isOwn = system === "linux" && isOf(elf, expected.architecture);
  const legitimate = archive === undefined ? legitimacyOf(path, elf, expected.architecture) : homeOf(path);
  if (!isOwn && legitimate !== undefined) return undefined;
  const isLibrary = elf.type === elfTypes.shared && elf.interpreter === undefined && isLibraryName(path);
  return { ...place, runsOn: [`${system}/${architecture}`], isOwn, isLibrary, elf };
}

function ofProgram(place: Place, program: ForeignProgram): NativeBuild | undefined {
  if (program.architectures.length === 0 || homeOf(place.path) !== undefined) return undefined;
  const system = program.format === "pe" ? "windows" : "darwin";
  const runsOn = program.architectures.map((architecture) => `${system}/${architecture}`);
  return { ...place, runsOn, isOwn: false, isLibrary: isLibraryName(place.path) };
}

function isLibraryName(path: string): boolean {
  return /\.(?:so(?:\.[\w.]+)?|dll|dylib|jnilib|node|pyd)$/i.test(path);
}
