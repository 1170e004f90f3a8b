import type { Entry, Evidence } from "../entry.ts";

const nodePlatform =
  "(?<node>(?:linux|darwin|win32|freebsd|android)-(?:x64|arm64|arm|ia32|ppc64|ppc64le|s390x|riscv64|loong64|universal|64|32))(?:[-.](?:gnu|musl|msvc|gnueabihf|musleabihf|gnueabi))?";
/** npm packages of E35's family: their loaders name a package per platform. */
const nodeFamily = String.raw`@(?:rollup|esbuild|img|swc|parcel|next)\/`;

/** A binding of sharp before 0.33, whose loader names it by platform. */
const sharpBinding = String.raw`[./\w-]*\/sharp-(?<node>(?:linux|linuxmusl|darwin|win32)-\w+)\.node`;

/** npm names what the package wants: another CPU or C library, not only another operating system. */
function wantsAnotherMachine({ text, before, after }: Evidence): boolean {
  const wanted = [...before.slice(-3), text, ...after.slice(0, 3)].filter((line) => /wanted:? ?\{/.test(line));
  return wanted.length === 0 || wanted.some((line) => /"(?:cpu|libc)"/.test(line));
}

/** What tells two of Prisma's engines apart: system, C library and CPU, not the version of OpenSSL. */
function prismaMachine(target = ""): string {
  return target.replace(/-?openssl-.*$/, "").replace(/^(?:debian|rhel|linux)(?=$|-)/, "linux");
}

/** Only told, not failed: optional packages for other systems are left out on purpose. */
function isFatal({ text, after }: Evidence): boolean {
  return (
    !/\bWARN\b|SKIPPING|^info |optional/i.test(text) &&
    !after.slice(0, 2).some((line) => /optional dependency/i.test(line))
  );
}

/** Packages of Node.js for another platform. */
export const npm: readonly Entry[] = [
  {
    code: "E35",
    title: "node_modules come from another platform",
    severity: "error",
    signs: [
      { words: ["you installed esbuild"], pattern: /You installed esbuild (?:for|on) another platform/ },
      {
        words: ["could not load the "],
        pattern: /Could not load the "sharp" module using the (?<node>[\w-]+) runtime/,
      },
      {
        words: ["'linux-", "'darwin-", "'win32-"],
        pattern: /'(?:linux|darwin|win32)\S*' binaries cannot be used on the '(?:linux|darwin|win32)\S*' platform/,
      },
      {
        words: ["sharp-linux", "sharp-darwin", "sharp-win32"],
        pattern: new RegExp(`Cannot find module '${sharpBinding}'`),
      },
      { words: ["invalid elf header"], pattern: /(?:\.node|node_modules\S*): invalid ELF header/ },
      {
        words: ["invalid elf header"],
        pattern: /invalid ELF header/,
        when: ({ near }) => near(/node_modules|node:internal|internal\/modules|ERR_DLOPEN_FAILED/),
        condition: "from Node.js",
      },
      {
        words: ["cannot find module", "cannot find package"],
        pattern: new RegExp(String.raw`Cannot find (?:module|package) ['"]?${nodeFamily}[\w-]*?${nodePlatform}`),
      },
      {
        words: ["could not be found, and is needed by esbuild"],
        pattern: /The package "@esbuild\/\S+" could not be found/,
      },
    ],
    cause:
      "The packages were installed for another operating system or CPU (on the host, in a stage of the build platform, or from a lock file that lacks the optional packages), and then copied.",
    fixes: [
      {
        text: "Keep node_modules out of the context (.dockerignore), and run npm ci in a stage of the target platform, or npm ci --os=linux --cpu=arm64 --libc=glibc in a stage of the build platform. For a lock file that lacks them: remove it and node_modules, and install again.",
      },
    ],
    url: "https://github.com/evanw/esbuild/issues/2617",
    explains: ["E59", "E62"],
  },
  {
    code: "E62",
    title: "An npm package is for another CPU or C library",
    severity: "error",
    signs: [
      {
        words: ["ebadplatform", "unsupported platform for", "unsupported_platform"],
        pattern:
          /EBADPLATFORM|Unsupported platform for \S+(?:.*\(current: \{"os":"linux","(?:cpu|arch)":"(?<node>\w+)")?|ERR_PNPM_UNSUPPORTED_PLATFORM/,
        when: (evidence) => isFatal(evidence) && wantsAnotherMachine(evidence),
        condition: "not for optional packages, and not for another operating system alone",
      },
      {
        words: ["is incompatible with this module"],
        pattern: /The (?:platform "\w+"|CPU architecture "(?<node>\w+)") is incompatible with this module/,
        when: isFatal,
        condition: "not for optional packages",
      },
      {
        words: ["cannot find module", "cannot find package"],
        pattern: new RegExp(
          String.raw`Cannot find (?:module|package) ['"]?(?!${nodeFamily}|\S*\/sharp-)[@\w./-]*[-./]${nodePlatform}(?![\w-]*\.(?:json|ya?ml))`,
        ),
      },
      {
        words: ["could not be found"],
        pattern: new RegExp(String.raw`The package "(?!@esbuild)@?[\w/-]*${nodePlatform}" could not be found`),
      },
      {
        words: ["could not resolve", "can't resolve", "failed to resolve"],
        pattern: new RegExp(`(?:Could not resolve|Can't resolve|Failed to resolve)\\b.*${nodePlatform}`),
      },
      {
        // Bundlers put the name below their message.
        words: ["-gnu.node", "-musl.node", "-x64.node", "-arm64.node", "-arm.node", "gnueabihf.node"],
        pattern: new RegExp(`^"?(?:[@./\\w-]*[./-])?${nodePlatform}\\.node"?(?: from |$)`),
        when: ({ before }) =>
          before.slice(-2).some((line) => /Could not resolve|Can't resolve|Cannot find module/.test(line)),
        condition: "below a bundler's message",
      },
      {
        words: ["combination is not yet supported"],
        pattern: /platform "\w+" and architecture "(?<node>\w+)" combination is not yet supported/,
      },
      {
        words: ["yet support your current environment"],
        pattern: /does not yet support your current environment: \S+ Unsupported architecture \((?<node>\w+)\)/,
      },
      {
        words: ["cannot download ", "tried to download"],
        pattern: /(?:Cannot download|Tried to download\(404\):) "?\S+linux-(?<node>arm64|arm|s390x|ppc64|riscv64)\b/,
        when: ({ near }) => near(/\b404\b/),
        condition: "with 404",
      },
      {
        words: ["platform=linux&arch="],
        pattern: /cypress\S*platform=linux&arch=(?<node>arm64|arm|ia32)\b/,
        when: ({ near }) => near(/Failed downloading the Cypress binary/),
      },
      {
        words: ["unknown binarytarget"],
        pattern: /Unknown binaryTarget linux-(?:musl-)?(?<node>arm64|arm)\b/,
      },
      {
        words: ["the actual deployment required"],
        pattern: /was generated for "?(?<made>[\w.-]+)"?, but the actual deployment required "?(?<needed>[\w.-]+)/,
        when: ({ match }) => prismaMachine(match.groups?.["made"]) !== prismaMachine(match.groups?.["needed"]),
        condition: "not for another OpenSSL alone",
      },
      {
        words: ["native binding", "swc binary"],
        pattern:
          /(?:Cannot find|Failed to load|Could not load) (?:the )?native binding|Failed to load SWC binary for (?:linux\/(?<node>\w+))?/i,
      },
      {
        words: ["unsupported architecture", "unsupported os: "],
        pattern: /Unsupported architecture on \w+: \w+|Unsupported OS: \w+, architecture: \w+/,
      },
      { words: ["binary is not available for"], pattern: /binary is not available for (?:linux-)?(?<node>arm64|arm)/ },
      {
        words: ["error loading shared library", "error relocating"],
        pattern: /(?:Error loading shared library ld-linux|Error relocating )\S*.*(?:\.node|node_modules)/,
      },
      { words: ["node_modules"], pattern: /(?:needed by|relocating) \S*node_modules\S*\.node/ },
    ],
    cause:
      "A package with native code has a part for each CPU and C library (glibc, musl). The one for this platform was never made, or was not installed: the lock file was written on another platform, or optional dependencies were left out.",
    fixes: [
      {
        text: "Install in a stage of the target platform with optional dependencies (no --omit=optional), and from a lock file that lists all platforms (npm install --package-lock-only after removing it; supportedArchitectures for pnpm and Yarn). On Alpine look for a -musl package, or take a glibc base image.",
      },
    ],
    url: "https://github.com/npm/cli/issues/4828",
  },
];
