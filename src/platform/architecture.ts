/** Class, byte order and machine of an ELF header: only the three together name an architecture (x32 shares its machine with amd64). */
export interface ElfIdentity {
  readonly bits: 32 | 64;
  readonly endian: "little" | "big";
  /** `e_machine` as in `<elf.h>`. */
  readonly machine: number;
}

/**
 * What the world calls one architecture (and, for 32-bit ARM, one variant of it). A field is absent where the distribution or
 * tool has no port. Sources: OCI image-spec "platform variants", Debian, Alpine and Fedora port lists, rustc's target list, glibc and musl
 * loader names, `<elf.h>`.
 */
export interface Architecture {
  /** OCI's name, which is Go's `GOARCH`. */
  readonly name: string;
  /** Set for 32-bit ARM alone, where each variant is a port of its own. */
  readonly variant?: string;
  /** `GOARM` for 32-bit ARM. */
  readonly goarm?: string;
  readonly debian?: string;
  readonly alpine?: string;
  /** What Fedora and its family call their port. */
  readonly rpm?: string;
  /** What `uname -m` prints on a machine whose kernel and userland are both of this architecture. */
  readonly machine: string;
  /** Rust target triples, by C library. */
  readonly rust: { readonly gnu?: string; readonly musl?: string };
  /** Debian's multiarch triplet, also the prefix of GNU cross tools and of library folders. */
  readonly triplet: string;
  readonly elf: ElfIdentity;
  /** ARM's calling convention for floating point; a file without either ELF flag (pure Go) says nothing. */
  readonly float?: "soft" | "hard";
  /** Path of the dynamic loader (`PT_INTERP`), by C library. */
  readonly loader: { readonly glibc: string; readonly musl: string };
}

const le32 = (machine: number): ElfIdentity => ({ bits: 32, endian: "little", machine });
const le64 = (machine: number): ElfIdentity => ({ bits: 64, endian: "little", machine });
const be32 = (machine: number): ElfIdentity => ({ bits: 32, endian: "big", machine });
const be64 = (machine: number): ElfIdentity => ({ bits: 64, endian: "big", machine });

/** Every architecture that Archway knows container images of. */
export const architectures: readonly Architecture[] = [
  {
    name: "386",
    debian: "i386",
    alpine: "x86",
    rpm: "i686",
    machine: "i686",
    rust: { gnu: "i686-unknown-linux-gnu", musl: "i686-unknown-linux-musl" },
    triplet: "i386-linux-gnu",
    elf: le32(3),
    loader: { glibc: "/lib/ld-linux.so.2", musl: "/lib/ld-musl-i386.so.1" },
  },
  {
    name: "amd64",
    debian: "amd64",
    alpine: "x86_64",
    rpm: "x86_64",
    machine: "x86_64",
    rust: { gnu: "x86_64-unknown-linux-gnu", musl: "x86_64-unknown-linux-musl" },
    triplet: "x86_64-linux-gnu",
    elf: le64(62),
    loader: { glibc: "/lib64/ld-linux-x86-64.so.2", musl: "/lib/ld-musl-x86_64.so.1" },
  },
  {
    name: "arm",
    variant: "v5",
    goarm: "5",
    // Debian's armel is v5TE with soft float, though containerd reads the word "armel" as v6.
    debian: "armel",
    rpm: "armv5tel",
    machine: "armv5tel",
    rust: { gnu: "armv5te-unknown-linux-gnueabi", musl: "armv5te-unknown-linux-musleabi" },
    triplet: "arm-linux-gnueabi",
    elf: le32(40),
    float: "soft",
    loader: { glibc: "/lib/ld-linux.so.3", musl: "/lib/ld-musl-arm.so.1" },
  },
  {
    name: "arm",
    variant: "v6",
    goarm: "6",
    // Debian has no v6 port (Raspbian rebuilt armhf for it); Alpine's "armhf" is v6.
    alpine: "armhf",
    rpm: "armv6hl",
    machine: "armv6l",
    rust: { gnu: "arm-unknown-linux-gnueabihf", musl: "arm-unknown-linux-musleabihf" },
    triplet: "arm-linux-gnueabihf",
    elf: le32(40),
    float: "hard",
    loader: { glibc: "/lib/ld-linux-armhf.so.3", musl: "/lib/ld-musl-armhf.so.1" },
  },
  {
    name: "arm",
    variant: "v7",
    goarm: "7",
    debian: "armhf",
    alpine: "armv7",
    rpm: "armv7hl",
    machine: "armv7l",
    rust: { gnu: "armv7-unknown-linux-gnueabihf", musl: "armv7-unknown-linux-musleabihf" },
    triplet: "arm-linux-gnueabihf",
    elf: le32(40),
    float: "hard",
    loader: { glibc: "/lib/ld-linux-armhf.so.3", musl: "/lib/ld-musl-armhf.so.1" },
  },
  {
    name: "arm64",
    debian: "arm64",
    alpine: "aarch64",
    rpm: "aarch64",
    machine: "aarch64",
    rust: { gnu: "aarch64-unknown-linux-gnu", musl: "aarch64-unknown-linux-musl" },
    triplet: "aarch64-linux-gnu",
    elf: le64(183),
    loader: { glibc: "/lib/ld-linux-aarch64.so.1", musl: "/lib/ld-musl-aarch64.so.1" },
  },
  {
    name: "loong64",
    debian: "loong64",
    alpine: "loongarch64",
    rpm: "loongarch64",
    machine: "loongarch64",
    rust: { gnu: "loongarch64-unknown-linux-gnu", musl: "loongarch64-unknown-linux-musl" },
    triplet: "loongarch64-linux-gnu",
    elf: le64(258),
    loader: { glibc: "/lib64/ld-linux-loongarch-lp64d.so.1", musl: "/lib/ld-musl-loongarch64.so.1" },
  },
  {
    name: "mips",
    debian: "mips",
    machine: "mips",
    rust: { gnu: "mips-unknown-linux-gnu", musl: "mips-unknown-linux-musl" },
    triplet: "mips-linux-gnu",
    elf: be32(8),
    loader: { glibc: "/lib/ld.so.1", musl: "/lib/ld-musl-mips.so.1" },
  },
  {
    name: "mips64",
    machine: "mips64",
    rust: { gnu: "mips64-unknown-linux-gnuabi64", musl: "mips64-unknown-linux-muslabi64" },
    triplet: "mips64-linux-gnuabi64",
    elf: be64(8),
    loader: { glibc: "/lib64/ld.so.1", musl: "/lib/ld-musl-mips64.so.1" },
  },
  {
    name: "mips64le",
    debian: "mips64el",
    machine: "mips64",
    rust: { gnu: "mips64el-unknown-linux-gnuabi64", musl: "mips64el-unknown-linux-muslabi64" },
    triplet: "mips64el-linux-gnuabi64",
    elf: le64(8),
    loader: { glibc: "/lib64/ld.so.1", musl: "/lib/ld-musl-mips64el.so.1" },
  },
  {
    name: "mipsle",
    debian: "mipsel",
    machine: "mips",
    rust: { gnu: "mipsel-unknown-linux-gnu", musl: "mipsel-unknown-linux-musl" },
    triplet: "mipsel-linux-gnu",
    elf: le32(8),
    loader: { glibc: "/lib/ld.so.1", musl: "/lib/ld-musl-mipsel.so.1" },
  },
  {
    name: "ppc64",
    debian: "ppc64",
    rpm: "ppc64",
    machine: "ppc64",
    rust: { gnu: "powerpc64-unknown-linux-gnu", musl: "powerpc64-unknown-linux-musl" },
    triplet: "powerpc64-linux-gnu",
    elf: be64(21),
    loader: { glibc: "/lib64/ld64.so.1", musl: "/lib/ld-musl-powerpc64.so.1" },
  },
  {
    name: "ppc64le",
    debian: "ppc64el",
    alpine: "ppc64le",
    rpm: "ppc64le",
    machine: "ppc64le",
    rust: { gnu: "powerpc64le-unknown-linux-gnu", musl: "powerpc64le-unknown-linux-musl" },
    triplet: "powerpc64le-linux-gnu",
    elf: le64(21),
    loader: { glibc: "/lib64/ld64.so.2", musl: "/lib/ld-musl-powerpc64le.so.1" },
  },
  {
    name: "riscv64",
    debian: "riscv64",
    alpine: "riscv64",
    rpm: "riscv64",
    machine: "riscv64",
    rust: { gnu: "riscv64gc-unknown-linux-gnu", musl: "riscv64gc-unknown-linux-musl" },
    triplet: "riscv64-linux-gnu",
    elf: le64(243),
    loader: { glibc: "/lib/ld-linux-riscv64-lp64d.so.1", musl: "/lib/ld-musl-riscv64.so.1" },
  },
  {
    name: "s390x",
    debian: "s390x",
    alpine: "s390x",
    rpm: "s390x",
    machine: "s390x",
    rust: { gnu: "s390x-unknown-linux-gnu", musl: "s390x-unknown-linux-musl" },
    triplet: "s390x-linux-gnu",
    elf: be64(22),
    loader: { glibc: "/lib/ld64.so.1", musl: "/lib/ld-musl-s390x.so.1" },
  },
];

/**
 * The row of a (normalised) architecture and variant, or `undefined` when the table has none. A variant without a port of its own has
 * its base's row: `amd64/v3` is amd64, `arm64/v9` is arm64, `arm/v8` (32-bit code for an ARMv8 chip) is arm/v7.
 */
export function findArchitecture(platform: {
  readonly architecture: string;
  readonly variant?: string;
}): Architecture | undefined {
  const rows = architectures.filter((row) => row.name === platform.architecture);
  return rows.find((row) => row.variant === platform.variant) ?? rows.at(-1);
}

/** Names (OCI) of the architecture that an ELF header is of, or `undefined` for one that the table does not know. */
export function architectureOfElf(elf: ElfIdentity): string | undefined {
  return architectures.find(
    (row) => row.elf.bits === elf.bits && row.elf.endian === elf.endian && row.elf.machine === elf.machine,
  )?.name;
}

/** Reads class, byte order and machine of the first 20 bytes of an ELF file; `undefined` for anything else. */
export function readElfIdentity(bytes: Uint8Array): ElfIdentity | undefined {
  if (bytes.length < 20 || bytes[0] !== 0x7f || bytes[1] !== 0x45 || bytes[2] !== 0x4c || bytes[3] !== 0x46)
    return undefined;
  const [wide, order] = [bytes[4], bytes[5]];
  if ((wide !== 1 && wide !== 2) || (order !== 1 && order !== 2)) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    bits: wide === 2 ? 64 : 32,
    endian: order === 1 ? "little" : "big",
    machine: view.getUint16(18, order === 1),
  };
}
