import { architectures, type ElfIdentity } from "./architecture.ts";

/** Exit code of every tiny program that started: no shell or loader that fails uses it. */
export const tinyProgramExitCode = 86;

/** Machine code of a tiny program: instructions of 32 bits in the architecture's byte order, or where their length varies, bytes in hexadecimal. */
interface Code {
  readonly words?: readonly number[];
  readonly bytes?: readonly string[];
  /** `e_flags`: the kernel or emulator refuses an unknown ABI on some architectures. */
  readonly flags?: number;
}

/**
 * Linux system calls of each architecture that read one byte of standard input (so that the program lives until it is told to end) and then
 * exit with {@link tinyProgramExitCode}. Numbers from each architecture's `asm/unistd.h`.
 */
const waitAndExit: ReadonlyMap<string, Code> = new Map([
  [
    "amd64",
    {
      bytes: [
        "31ff", // xor edi, edi
        "4889e6", // mov rsi, rsp
        "ba01000000", // mov edx, 1
        "31c0", // xor eax, eax (read)
        "0f05", // syscall
        "bf56000000", // mov edi, 86
        "b83c000000", // mov eax, 60 (exit)
        "0f05", // syscall
      ],
    },
  ],
  [
    "386",
    {
      bytes: [
        "b803000000", // mov eax, 3 (read)
        "31db", // xor ebx, ebx
        "89e1", // mov ecx, esp
        "ba01000000", // mov edx, 1
        "cd80", // int 0x80
        "bb56000000", // mov ebx, 86
        "b801000000", // mov eax, 1 (exit)
        "cd80", // int 0x80
      ],
    },
  ],
  [
    "arm",
    {
      flags: 0x0500_0000, // EABI 5
      words: [
        0xe3a07003, // mov r7, #3 (read)
        0xe3a00000, // mov r0, #0
        0xe1a0100d, // mov r1, sp
        0xe3a02001, // mov r2, #1
        0xef000000, // svc 0
        0xe3a07001, // mov r7, #1 (exit)
        0xe3a00056, // mov r0, #86
        0xef000000, // svc 0
      ],
    },
  ],
  [
    "arm64",
    {
      words: [
        0xd28007e8, // mov x8, #63 (read)
        0xd2800000, // mov x0, #0
        0x910003e1, // mov x1, sp
        0xd2800022, // mov x2, #1
        0xd4000001, // svc #0
        0xd2800ba8, // mov x8, #93 (exit)
        0xd2800ac0, // mov x0, #86
        0xd4000001, // svc #0
      ],
    },
  ],
  [
    "loong64",
    {
      flags: 0x43, // LP64D, object ABI 1
      words: [
        0x02800000 | (63 << 10) | 11, // li a7, 63 (read)
        0x02800000 | 4, // li a0, 0
        0x00150000 | (3 << 5) | 5, // move a1, sp
        0x02800000 | (1 << 10) | 6, // li a2, 1
        0x002b0000, // syscall 0
        0x02800000 | (93 << 10) | 11, // li a7, 93 (exit)
        0x02800000 | (86 << 10) | 4, // li a0, 86
        0x002b0000, // syscall 0
      ],
    },
  ],
  ["mips", mips({ flags: 0x7000_1007, read: 4003, exit: 4001, move: 0x03a02821 })],
  ["mipsle", mips({ flags: 0x7000_1007, read: 4003, exit: 4001, move: 0x03a02821 })],
  ["mips64", mips({ flags: 0x8000_0007, read: 5000, exit: 5058, move: 0x03a0282d })],
  ["mips64le", mips({ flags: 0x8000_0007, read: 5000, exit: 5058, move: 0x03a0282d })],
  ["ppc64", power()],
  ["ppc64le", power()],
  [
    "riscv64",
    {
      words: [
        addi(17, 0, 63), // li a7, 63 (read)
        addi(10, 0, 0), // li a0, 0
        addi(11, 2, 0), // mv a1, sp
        addi(12, 0, 1), // li a2, 1
        0x73, // ecall
        addi(17, 0, 93), // li a7, 93 (exit)
        addi(10, 0, 86), // li a0, 86
        0x73, // ecall
      ],
    },
  ],
  [
    "s390x",
    {
      bytes: [
        "a7290000", // lghi %r2, 0
        "b904003f", // lgr %r3, %r15
        "a7490001", // lghi %r4, 1
        "0a03", // svc 3 (read)
        "a7290056", // lghi %r2, 86
        "0a01", // svc 1 (exit)
      ],
    },
  ],
]);

/**
 * Asks an arm64 kernel for its 32-bit personality, which it grants only on processors that have AArch32 (arch/arm64/kernel/sys.c), and
 * exits with {@link tinyProgramExitCode} when granted, one more when not.
 */
const askForAarch32: Code = {
  words: [
    0xd2800b88, // mov x8, #92 (personality)
    0xd2800100, // mov x0, #8 (PER_LINUX32)
    0xd4000001, // svc #0
    0xd37ffc00, // lsr x0, x0, #63 (1 when it failed)
    0x91015800, // add x0, x0, #86
    0xd2800ba8, // mov x8, #93 (exit)
    0xd4000001, // svc #0
  ],
};

/** Architectures (OCI names) that there is a tiny program for. */
export const tinyProgramArchitectures: readonly string[] = [...waitAndExit.keys()];

/**
 * A static Linux program of an architecture, a few hundred bytes, that waits for standard input to end and exits with
 * {@link tinyProgramExitCode}; `undefined` for an architecture that there is none for. Whether it starts is the proof that this machine runs
 * programs of that architecture, natively or emulated.
 */
export function tinyProgram(architecture: string): Uint8Array | undefined {
  const code = waitAndExit.get(architecture);
  const elf = architectures.find((row) => row.name === architecture)?.elf;
  return code && elf ? staticElf(elf, code) : undefined;
}

/** A static arm64 program that tells by its exit code whether the processor has AArch32, see `askForAarch32`. */
export function aarch32Question(): Uint8Array {
  return staticElf({ bits: 64, endian: "little", machine: 183 }, askForAarch32);
}

/** Instructions of MIPS; `move` copies the stack pointer to the second argument. */
function mips(abi: {
  readonly flags: number;
  readonly read: number;
  readonly exit: number;
  readonly move: number;
}): Code {
  const syscall = 0x0000000c;
  return {
    flags: abi.flags,
    words: [
      0x24020000 | abi.read, // li v0, read
      0x24040000, // li a0, 0
      abi.move, // move a1, sp
      0x24060001, // li a2, 1
      syscall,
      0x24020000 | abi.exit, // li v0, exit
      0x24040000 | 86, // li a0, 86
      syscall,
    ],
  };
}

/** Instructions of POWER. The flags say ELFv2, whose entry point is code; ELFv1's would be a descriptor. */
function power(): Code {
  return {
    flags: 2,
    words: [
      0x38000003, // li r0, 3 (read)
      0x38600000, // li r3, 0
      0x7c240b78, // mr r4, r1
      0x38a00001, // li r5, 1
      0x44000002, // sc
      0x38000001, // li r0, 1 (exit)
      0x38600056, // li r3, 86
      0x44000002, // sc
    ],
  };
}

/** RISC-V's `addi rd, rs, immediate`. */
function addi(rd: number, rs: number, immediate: number): number {
  return (immediate << 20) | (rs << 15) | (rd << 7) | 0x13;
}

/** An ELF executable of one loadable segment: header, program header and code, mapped at 4 MiB and entered at the code. */
function staticElf(elf: ElfIdentity, code: Code): Uint8Array {
  const wide = elf.bits === 64;
  const little = elf.endian === "little";
  const base = 0x40_0000;
  const headerSize = wide ? 64 : 52;
  const entry = headerSize + (wide ? 56 : 32);
  const instructions = Buffer.from((code.bytes ?? []).join(""), "hex");
  const size = entry + (code.words ?? []).length * 4 + instructions.length;
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  let at = 0;
  const put = (length: 1 | 2 | 4 | 8, value: number) => {
    if (length === 1) view.setUint8(at, value);
    else if (length === 2) view.setUint16(at, value, little);
    else if (length === 4) view.setUint32(at, value >>> 0, little);
    else view.setBigUint64(at, BigInt(value), little);
    at += length;
  };
  const putAddress = (value: number) => put(wide ? 8 : 4, value);

  for (const byte of [0x7f, 0x45, 0x4c, 0x46, wide ? 2 : 1, little ? 1 : 2, 1, 0]) put(1, byte);
  at = 16;
  put(2, 2); // ET_EXEC
  put(2, elf.machine);
  put(4, 1); // version
  putAddress(base + entry);
  putAddress(headerSize); // program headers
  putAddress(0); // no sections
  put(4, code.flags ?? 0);
  put(2, headerSize);
  put(2, entry - headerSize);
  put(2, 1); // one program header
  put(2, wide ? 64 : 40);
  put(2, 0);
  put(2, 0);

  const readAndExecute = 5;
  put(4, 1); // PT_LOAD
  if (wide) put(4, readAndExecute);
  putAddress(0); // offset
  putAddress(base);
  putAddress(base);
  putAddress(size);
  putAddress(size);
  if (!wide) put(4, readAndExecute);
  putAddress(0x1_0000); // alignment: the largest page size in use

  for (const word of code.words ?? []) put(4, word);
  bytes.set(instructions, at);
  return bytes;
}
