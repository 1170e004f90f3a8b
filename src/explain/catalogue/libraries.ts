import { archInName, isRarePlatform } from "../conditions.ts";
import type { Entry, Evidence } from "../entry.ts";

/** A library is of another machine: its path, its neighbourhood or the step's platform says so. */
function isForeignLibrary(evidence: Evidence): boolean {
  const { text, near } = evidence;
  // A linker script of glibc's development files looks like this to everybody who loads it.
  if (/\/lib(?:c|m|pthread|dl|ncurses|bz2)\.so\b/.test(text)) return false;
  if (
    near(/ELF (?:32|64)-bit .*shared object/) ||
    archInName.test(text.replaceAll(/\/(?:usr\/)?lib\/\w+-linux-gnu\w*\//g, "/"))
  )
    return true;
  return evidence.foreign === true || isRarePlatform(evidence);
}

/** Native libraries that the loader refuses. */
export const libraries: readonly Entry[] = [
  {
    code: "E54",
    title: "The program is built for 4 KiB pages",
    severity: "error",
    signs: [
      { words: ["unsupported system page size"], pattern: /Unsupported system page size/ },
      {
        words: ["elf load command"],
        pattern: /ELF load command (?:alignment|address\/offset) not (?:properly aligned|page-aligned)/,
      },
      {
        words: ["page size", "-byte pages", "16k pages", "64k pages", "kb pages", "kib pages"],
        pattern:
          /(?:page size|PAGE_?SIZE)\b.*\b(?:16384|65536|16 ?Ki?B?|64 ?Ki?B?)\b.*(?:not|un)[ -]?support|(?:expected|requires?|only supports?|compiled for|built for|assumes) (?:an? )?(?:4096|4 ?Ki?B?)(?:-byte| byte)? page|(?:16384|32768|65536)-byte pages\b.*not supported|\b(?:16|32|64) ?[Kk](?:i?B)? pages? (?:are |is )?not supported|page size (?:must be|is not) (?:4096|4 ?Ki?B)/i,
      },
    ],
    cause:
      "The machine's kernel has pages of 16 or 64 KiB (Raspberry Pi 5, Asahi Linux, some servers), and the program or its jemalloc was compiled for 4 KiB.",
    fixes: [
      {
        text: "Take a build for large pages (jemalloc: --with-lg-page=16; linkers: -z max-page-size=65536), or boot a kernel with 4 KiB pages (Raspberry Pi 5: kernel=kernel8.img in config.txt). getconf PAGESIZE tells.",
      },
    ],
    url: "https://github.com/jemalloc/jemalloc/issues/467",
  },
  {
    code: "E59",
    title: "A native library is of another machine",
    severity: "error",
    signs: [
      {
        words: ["possible cause: "],
        pattern:
          /\(Possible cause: (?:can't load \S.* on a (?:(?<arch>AARCH64|ARM)(?:-bit)?|\S.*) platform|endianness mismatch|architecture word width mismatch)/,
      },
      {
        words: ["os.arch="],
        pattern: /no native library (?:is )?found for os\.name=\S+(?: and)? os\.arch=(?<arch>\w+)/i,
      },
      {
        words: ["unsatisfiedlinkerror"],
        pattern:
          /UnsatisfiedLinkError.*(?:wrong ELF class|Exec format error|Error loading shared library|invalid ELF header|linux[_-](?:aarch_?64|arm|x86_64)|[_-](?:aarch_?64|arm64|x86_64|amd64)\b)/,
      },
      {
        words: ["unsatisfiedlinkerror"],
        // The JVM looks whether the file is there before it hands it to the loader, which names it again.
        pattern: /UnsatisfiedLinkError: (\/\S+\.so\S*): \1: cannot open shared object file/,
      },
      {
        words: ["wrong elf class"],
        pattern: /wrong ELF class: ELFCLASS(?:32|64)/,
        when: ({ text }) => !/preload|skipping/i.test(text),
      },
      { words: ["error loading shared library"], pattern: /Error loading shared library \S+: Exec format error/ },
      {
        words: ["cannot open shared object file"],
        pattern: /(?:^|: )\/\S+\.node: cannot open shared object file: No such file or directory/,
      },
      {
        words: ["cannot open shared object file"],
        pattern: /(?:Error|Exception)\b.*: \/?\S+\.so\S*: cannot open shared object file: No such file or directory/,
        when: (evidence) => /: \//.test(evidence.match[0]) && isForeignLibrary(evidence),
        condition: "for a path, where an architecture is in play",
      },
      {
        words: ["invalid elf header"],
        pattern: /\.so\S*: invalid ELF header/,
        when: (evidence) => !evidence.near(/node_modules|node:internal/) && isForeignLibrary(evidence),
        condition: "where an architecture is in play",
      },
      {
        words: ["incompatible architecture"],
        pattern:
          /incompatible architecture \(have '[^']+', need '[^']+'\)|mach-o.*(?:but is an incompatible architecture|wrong architecture)/,
      },
      { words: ["incorrect format"], pattern: /attempt was made to load a program with an incorrect format/ },
    ],
    cause:
      'A program loads a library (JNI, ctypes, dlopen, a .node file) that is code for another CPU or word size. For another CPU glibc says "No such file or directory" though the file is there; for another size "wrong ELF class".',
    fixes: [
      {
        text: "file LIBRARY shows what it is; archway verify IMAGE lists all such files. Install the package in a stage of the target platform, or take a version whose archive has this platform's library.",
      },
    ],
    url: "https://man7.org/linux/man-pages/man8/ld.so.8.html",
    explains: ["E35", "E22"],
  },
];
