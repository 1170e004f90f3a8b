/** The bed's base images, as data. They stand in for the public ones of the same name and hold what the tests need of them. */
import type { DebianArchitecture } from "./debian-archive.ts";

/** What one layer adds to those below it. */
export interface LayerRecipe {
  /** Debian packages with all they depend on, as far as the layers below lack it. */
  readonly packages?: readonly string[];
  /** Debian packages without what they depend on; `NAME:arm64` takes another architecture's. */
  readonly alone?: readonly string[];
  /** Path → content, executable when it begins with `#!`. */
  readonly files?: Readonly<Record<string, string>>;
  /** Path → where the symbolic link points. */
  readonly links?: Readonly<Record<string, string>>;
  /** What maintainer scripts would do and cannot be said by files and links: see `finish.ts`. */
  readonly finish?: "busybox" | "debian";
}

/** One image index of a repository. */
export interface ImageRecipe {
  /** The first one is the main one. */
  readonly tags: readonly string[];
  readonly architectures: readonly DebianArchitecture[];
  readonly layers: readonly LayerRecipe[];
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

const everywhere = ["amd64", "arm64", "armhf"] as const;

const busybox: LayerRecipe = { alone: ["busybox-static"], finish: "busybox" };

/** An Alpine as far as shell steps see it: busybox under its name. There is no `apk`, and nothing to reach with it. */
const alpine = (version: string): LayerRecipe[] => [
  busybox,
  {
    files: {
      "/etc/alpine-release": `${version}\n`,
      "/etc/os-release": `NAME="Alpine Linux"\nID=alpine\nVERSION_ID=${version}\nPRETTY_NAME="Alpine Linux v${version}"\n`,
    },
  },
];

const essentials = [
  "base-files",
  "base-passwd",
  "bash",
  "coreutils",
  "dash",
  "findutils",
  "grep",
  "gzip",
  "hostname",
  "libc-bin",
  "libc6",
  "libgcc-s1",
  "libstdc++6",
  "sed",
  "tar",
];

/** A slim Debian: shell, coreutils, the C and C++ run-time libraries, certificates. Neither apt nor dpkg's database. */
const debian: LayerRecipe = {
  packages: essentials,
  alone: ["ca-certificates"],
  links: { "/usr/bin/awk": "mawk" },
  finish: "debian",
};

/** A C compiler for the image's own platform. */
const gcc: LayerRecipe = {
  packages: ["gcc", "libc6-dev", "make"],
  links: { "/usr/bin/cc": "gcc" },
};

/** C compilers for the two others, on amd64. */
const crossGcc: LayerRecipe = {
  packages: ["gcc-aarch64-linux-gnu", "gcc-arm-linux-gnueabihf", "libc6-dev-arm64-cross", "libc6-dev-armhf-cross"],
};

/**
 * What `npm run bench -- verify` reads: two platforms of about 600 MB each, unpacked, with thousands of libraries and programs, in layers
 * of several sizes: compilers, interpreters with their modules.
 */
export const largeImage: readonly ImageRecipe[] = [
  {
    tags: ["latest"],
    architectures: ["amd64", "arm64"],
    layers: [
      debian,
      { packages: ["gcc", "g++", "libc6-dev", "make"] },
      { packages: ["python3-scipy", "python3-lxml", "perl", "ruby"] },
      { packages: ["nodejs"] },
    ],
    command: ["bash"],
  },
];

/** Base image → its repository's tags. The repository is `library/NAME`. */
export const recipes = {
  /** About a megabyte, for everything that needs a shell at most. */
  busybox: [{ tags: ["latest", "1.35"], architectures: everywhere, layers: [busybox], command: ["sh"] }],
  /** Seed 2: 3.4 and 3.5 exist for amd64 alone, 3.6 for all. */
  alpine: [
    { tags: ["3.6", "latest"], architectures: everywhere, layers: alpine("3.6.5"), command: ["/bin/sh"] },
    { tags: ["3.5"], architectures: ["amd64"], layers: alpine("3.5.3"), command: ["/bin/sh"] },
    { tags: ["3.4"], architectures: ["amd64"], layers: alpine("3.4.6"), command: ["/bin/sh"] },
  ],
  debian: [
    { tags: ["bookworm-slim", "bookworm", "latest"], architectures: everywhere, layers: [debian], command: ["bash"] },
  ],
  /** Seed 4's `FROM python`. */
  python: [
    {
      tags: ["latest", "3", "3-slim"],
      architectures: everywhere,
      layers: [
        debian,
        {
          packages: ["python3"],
          links: { "/usr/local/bin/python3": "/usr/bin/python3", "/usr/local/bin/python": "/usr/bin/python3" },
        },
      ],
      command: ["python3"],
    },
  ],
  /** A compiler on every platform: compiling under emulation, and builds on a native machine of each. */
  gcc: [{ tags: ["latest", "12"], architectures: everywhere, layers: [debian, gcc], command: ["bash"] }],
  /** Go with C compilers for all three platforms; on amd64 alone, as tool-chain images often are. */
  golang: [
    {
      tags: ["latest", "1", "1.19"],
      architectures: ["amd64"],
      layers: [debian, gcc, crossGcc, { packages: ["golang-go"] }],
      command: ["bash"],
      env: { GOPATH: "/go", GOTOOLCHAIN: "local", GOFLAGS: "-mod=mod" },
    },
  ],
  /** Rust with the standard library of all three platforms; on amd64 alone. */
  rust: [
    {
      tags: ["latest", "1"],
      architectures: ["amd64"],
      layers: [
        debian,
        gcc,
        crossGcc,
        { packages: ["rustc", "cargo"], alone: ["libstd-rust-dev:arm64", "libstd-rust-dev:armhf"] },
      ],
      command: ["bash"],
    },
  ],
  /** Node to run on every platform, and with what compiles native add-ons for all three on amd64. */
  node: [
    {
      tags: ["18-slim", "slim"],
      architectures: everywhere,
      layers: [debian, { packages: ["nodejs"] }],
      command: ["node"],
    },
    {
      tags: ["18", "latest"],
      architectures: ["amd64"],
      layers: [debian, gcc, crossGcc, { packages: ["nodejs"], alone: ["libnode-dev", "libuv1-dev"] }],
      command: ["node"],
    },
  ],
} as const satisfies Record<string, readonly ImageRecipe[]>;

/** A base image of the bed. */
export type BaseName = keyof typeof recipes;
