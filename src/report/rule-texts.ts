/** What each rule of `archway verify` and the gate is about, for the formats that describe rules apart from findings. */

/** Rules that answer one question together. */
export type RuleGroup = "index" | "evidence" | "platform" | "start" | "machine-code" | "packages" | "run" | "other";

/** A rule in words. */
export interface RuleText {
  readonly group: RuleGroup;
  /** What is wrong, one line without a full stop. */
  readonly title: string;
  /** How it shows and what to do, whole sentences. */
  readonly help: string;
}

/** The question of each group, as the name of a test. */
export const groupTitles: Readonly<Record<RuleGroup, string>> = {
  index: "the index and its entries agree",
  evidence: "all evidence could be read",
  platform: "config and layers are of the declared platform",
  start: "the entrypoint finds all that it needs to start",
  "machine-code": "all machine code is of the declared architecture",
  packages: "all packages are of the declared architecture",
  run: "a container of it starts",
  other: "other rules",
};

const execFormat =
  'A container shows it with "exec format error"; started by a shell, the same file gives a syntax error (unexpected "(" or word). ' +
  "Under an emulator that is registered with the kernel it runs all the same, so a test run does not show it.";

/** The words of every rule, by its id. */
export const ruleTexts: ReadonlyMap<string, RuleText> = new Map([
  ...group("index", {
    "child-missing": [
      "The index lists something that is not there",
      'Pulling it ends with "manifest unknown". A cleaner that does not know indexes removed the child, or the index was pushed without it. Push it again, and clean with `archway image prune`.',
    ],
    "child-invalid": [
      "An entry of the index is damaged or no manifest",
      "Its bytes are not those of its digest, or not a manifest: engines refuse it. Push it again.",
    ],
    "child-size-mismatch": [
      "An entry of the index has another size than the index says",
      "Engines that check sizes refuse it. Join the images again with a tool that asks the registry.",
    ],
    "media-type-mismatch": [
      "Media types contradict each other",
      "Some registries and older clients refuse or convert such an index. Join the images again.",
    ],
    "duplicate-platform": [
      "A platform is listed twice",
      "Engines take the first, and nobody gets the second. Join the images with one image a platform.",
    ],
    "attestation-orphan": [
      "An attestation belongs to nothing",
      "Its image is not in the index: a join or a filter left it behind. Join the images with their attestations.",
    ],
    "platform-undeclared": [
      "The index does not say for which platform an image is",
      "Engines choose by the index, and pass the image over. Join the images with a tool that reads their configs.",
    ],
    "platform-missing": [
      "A platform that must be there is missing",
      'Pulling it ends with "no matching manifest". Build the platform too, and join it with the others.',
    ],
    "image-invalid": [
      "The image is no manifest or index that can be read",
      "Engines refuse it. Build and push it again with a current tool.",
    ],
    "layer-identical-across-platforms": [
      "A layer with machine code is in two architectures",
      "It was made once and put into both platforms. Let the stage use TARGETOS and TARGETARCH, declared with ARG and without defaults.",
    ],
    "program-missing": [
      "A program is missing on one platform alone",
      "All other platforms have it: a download that failed silently, or a build that was left out.",
    ],
    "size-differs": [
      "One platform has another size than the others",
      "Something is missing in it, or too much: compare the layers that `archway image inspect` lists.",
    ],
  }),
  ...group("evidence", {
    "layer-unread": [
      "A layer could not be read",
      "What is in it is not proven. Foreign layers and blobs that the registry lost are not there to be read: push the layer, or build the image again.",
    ],
    "layer-corrupt": [
      "A layer is broken",
      "Its bytes do not match its digest or cannot be unpacked: engines refuse the image. Build and push it again.",
    ],
    "content-missing": [
      "A config or layer is not in the store",
      "What is in it is not proven. Push or copy the image again.",
    ],
    "not-reached": [
      "The store could not be asked",
      "An outage, a login that is missing, or a name that does not exist: nothing is known about the image. Try again.",
    ],
    "no-image": [
      "There is no image that can run",
      "The reference leads to an artifact of another kind, or to an empty index: there is nothing to prove.",
    ],
    "layers-not-examined": [
      "The layers were not merged",
      "They are beyond the limits of what is examined, so nothing is proven about their contents.",
    ],
    "not-an-image": [
      "The entry is no image that can run",
      "It is an artifact of another kind. Verify the images by their own references.",
    ],
    "platform-not-examined": [
      "The machine code of this platform is not known",
      "Nothing is proven about it: Linux platforms of the usual architectures are examined.",
    ],
  }),
  ...group("platform", {
    "config-platform-mismatch": [
      "The config names another platform than the index",
      "The image was joined under a platform that it was not built for. Build it for that platform, or join it under its own.",
    ],
    "content-damaged": [
      "A blob is not what its digest says",
      "The bytes in the store were changed or cut: engines refuse the image. Push it again.",
    ],
    "layer-media-type": [
      "A layer is compressed in another way than it says",
      "Most engines look at the bytes; some believe the media type and fail. Push the image again with a current tool.",
    ],
    "layers-mismatch": [
      "Config and manifest disagree about the layers",
      "Engines refuse the image. Build and push it again; nothing must be changed in one of the two alone.",
    ],
    "no-machine-code": [
      "The image holds no machine code",
      "It carries data, and nothing in it could be of another architecture.",
    ],
    "hard-link-missing": [
      "A hard link leads to nothing",
      "Its target is in no layer: engines refuse to unpack the image. Build the layer again.",
    ],
  }),
  ...group("start", {
    "entrypoint-missing": [
      "The program to start is not in the image",
      'The container ends with "no such file or directory". Copy the file into the final stage, or correct the name: names with an architecture in them differ by platform.',
    ],
    "entrypoint-not-executable": [
      "The program to start may not be executed",
      'The container ends with "permission denied". Set the x bit with COPY --chmod or chmod.',
    ],
    "entrypoint-unknown-format": [
      "The program to start is no program",
      "It is neither an ELF file nor a script with a #! line: often an error page that was downloaded, or an archive that was not unpacked.",
    ],
    "entrypoint-foreign-program": [
      "The program to start is one for Windows, macOS or .NET",
      'The container ends with "exec format error". Build it for Linux, or start an assembly with its runtime.',
    ],
    "interpreter-missing": [
      "The interpreter of a script is not in the image",
      'The container ends with "no such file or directory" although the script is there. Install the interpreter.',
    ],
    "script-carriage-return": [
      "A script has Windows line ends",
      'The kernel looks for an interpreter with a carriage return in its name: "no such file or directory". Save it with line feeds alone.',
    ],
    "loader-missing": [
      "The dynamic loader of a program is not in the image",
      'The container ends with "no such file or directory" although the program is there. Take a base image with the same C library, or link statically.',
    ],
    "library-missing": [
      "A library that a program needs is not in the image",
      'The program ends with "error while loading shared libraries". Install the package that holds it.',
    ],
  }),
  ...group("machine-code", {
    "entrypoint-wrong-architecture": ["The program to start is code of another architecture", execFormat],
    "healthcheck-wrong-architecture": ["The health check is code of another architecture", execFormat],
    "loader-wrong-architecture": ["The dynamic loader is code of another architecture", execFormat],
    "executable-wrong-architecture": ["A program is code of another architecture", execFormat],
    "library-wrong-architecture": [
      "A library is code of another architecture",
      'Programs that load it end with "wrong ELF class" or "cannot open shared object file".',
    ],
    "executable-foreign-program": [
      "A program in PATH is one for Windows or macOS",
      'Started, it ends with "exec format error". Build it for Linux, or give it the ending .exe when it is there on purpose.',
    ],
    "library-foreign-program": [
      "A library where the loader looks is one for Windows or macOS",
      'Programs that load it end with "invalid ELF header". Build it for Linux.',
    ],
    "userland-wrong-architecture": [
      "The whole root file system is of another architecture",
      `The base image is of another platform than the image. ${execFormat}`,
    ],
    "abi-mismatch": [
      "Two calling conventions are mixed",
      "Programs and libraries of the two cannot be loaded together. Take compiler and base image of the same port.",
    ],
    "float-abi-mismatch": [
      "Soft and hard float are mixed",
      "32-bit ARM programs and libraries of the two conventions cannot be loaded together. Take compiler and base image of the same port.",
    ],
    "variant-too-new": [
      "The code needs a newer processor than the platform stands for",
      'It ends with "Illegal instruction" on machines of the declared platform. Compile for it, or declare the newer variant.',
    ],
    "archive-not-examined": [
      "Machine code in an archive was not examined",
      "The archive is beyond the limits, or damaged: nothing is said about what is in it.",
    ],
    "native-build-missing": [
      "A set of native builds has none for this platform",
      "The package was installed for another platform and copied, or does not support this one. Install it in a stage of this platform.",
    ],
    "python-extension-mismatch": [
      "A compiled Python module is of another platform",
      "Python looks for the name of its own platform and imports no other. Run pip install in a stage of this platform.",
    ],
    "wheel-wrong-architecture": [
      "A Python wheel was made for another platform",
      "The packages were installed elsewhere and copied, or pip was told another platform. Run pip install in a stage of this platform.",
    ],
    "wheel-wrong-libc": [
      "A Python wheel was made for another C library",
      "Wheels for glibc (manylinux) and musl (musllinux) do not work on each other's systems. Run pip install on the base of the final stage.",
    ],
    "identical-across-platforms": [
      "The same machine code is in two architectures",
      "It was built once and put into both platforms. Let the stage use TARGETOS and TARGETARCH, declared with ARG and without defaults.",
    ],
    "foreign-code-expected": [
      "Foreign code on purpose",
      "Firmware, cross compilers, emulators and test data are of other architectures in images that are right.",
    ],
  }),
  ...group("packages", {
    "package-wrong-architecture": [
      "Packages are of another architecture",
      "The database of the package manager says so. Install them for this platform, in a stage of it; when all are wrong, the base image is of another platform.",
    ],
    "apk-architecture-mismatch": [
      "apk installs for another architecture",
      "/etc/apk/arch decides, whatever machine it runs on. Leave the file as the base image of the platform has it.",
    ],
    "packages-not-read": [
      "A package database was not read",
      "Its packages were not looked at, and it names no file's package. All machine code was looked at all the same.",
    ],
  }),
  ...group("run", {
    "run-failed": [
      "A container of the image does not start",
      "The engine or the kernel refused the program, or the command ended with an error. Its last output is in the message.",
    ],
    "run-exit-code": [
      "The image's own entrypoint ended with an error",
      "It may only need configuration, arguments or other services. Give a command that must succeed after `--`.",
    ],
    "run-emulated": [
      "The image was run under an emulator",
      "That shows that it starts, and is no proof of its architecture: an emulator's machine also runs programs of its own architecture.",
    ],
    "run-native": ["The image was run natively", "The processor itself ran it."],
    "run-not-done": [
      "The engine failed to run the image",
      "That says nothing about the image, and what was asked for has not been done: look at the engine.",
    ],
    "run-not-possible": [
      "The image was not run",
      "This machine runs the platform neither natively nor emulated. Run the command on a machine of that platform, or register an emulator.",
    ],
  }),
]);

function group(
  name: RuleGroup,
  rules: Readonly<Record<string, readonly [title: string, help: string]>>,
): (readonly [string, RuleText])[] {
  return Object.entries(rules).map(([rule, [title, help]]) => [rule, { group: name, title, help }] as const);
}

/**
 * The words for a rule. One that is not described here is called by its id.
 *
 * @param aboutIndex whether the finding is about the index or between platforms, which decides the group of unknown rules
 */
export function ruleText(rule: string, aboutIndex = false): RuleText {
  const known = ruleTexts.get(rule);
  if (known) return known;
  const words = rule.replaceAll("-", " ");
  const title = words.slice(0, 1).toUpperCase() + words.slice(1);
  return {
    group: aboutIndex ? "index" : "other",
    title,
    help: "The message of each finding says what is wrong and what to do.",
  };
}
