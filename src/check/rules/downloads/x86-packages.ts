/** Package managers whose packages the table tells apart. */
export type PackageManager = "apt" | "apk" | "dnf";

/** Packages that are known to exist for x86 alone. */
export interface X86Package {
  readonly managers: readonly PackageManager[];
  /** Matches the whole name. */
  readonly name: RegExp;
  /** The folder that it puts its programs into, when it is its own: what runs from there is a part of the mistake. */
  readonly folder?: string;
  /** What to do instead, one sentence. */
  readonly instead: string;
  /** False when newer versions or other sources have it for more architectures. */
  readonly certain: boolean;
  /** Where that is known from, and when it was looked at. */
  readonly source: string;
}

const debian = "https://packages.debian.org: architectures of the package are amd64, i386 and x32 at most (2026-08)";

/** The table for work without a network. An entry is what the index of the vendor or distribution says of the package's architectures. */
export const x86Packages: readonly X86Package[] = [
  {
    managers: ["apt", "dnf"],
    name: /^google-chrome-(?:stable|beta|unstable)$/,
    instead: "Install chromium, which all architectures have; Chrome itself came to arm64 in 2026.",
    certain: false,
    source:
      "Google's announcement of March 2026 (The Verge, 2026-03-12): Chrome for Linux on arm64 from the second quarter of 2026 on, before amd64 alone",
  },
  {
    managers: ["apt", "dnf"],
    name: /^microsoft-edge-(?:stable|beta|dev)$/,
    instead: "Install chromium, which all architectures have.",
    certain: true,
    source: "https://packages.microsoft.com/repos/edge: binary-amd64 alone (2026-08)",
  },
  {
    managers: ["apt", "dnf", "apk"],
    name: /^(?:msodbcsql(?:13|17)?|mssql-tools|mssql-server(?:-.*)?)$/,
    instead: "Take msodbcsql18 and mssql-tools18, which have arm64.",
    certain: true,
    source:
      "https://learn.microsoft.com/sql/connect/odbc/linux-mac/installing-the-microsoft-odbc-driver-for-sql-server: arm64 from version 18 on (2026-08)",
  },
  {
    managers: ["apt"],
    name: /^(?:adobe-flashplugin|flashplugin-(?:installer|nonfree)|pepperflashplugin-nonfree)$/,
    instead: "Leave it out: Flash has ended.",
    certain: true,
    source: "https://packages.ubuntu.com: flashplugin-installer and adobe-flashplugin for amd64 and i386 (2026-08)",
  },
  {
    managers: ["apt"],
    name: /^(?:gcc|g\+\+|gobjc|gfortran|gdc)(?:-[\d.]+)?-multilib$|^(?:lib32|libx32).+$|^libc6-(?:dev-)?(?:i386|x32|amd64)$|^ia32-libs.*$/,
    instead: "Leave it out where no 32-bit x86 code is made: guard it by dpkg --print-architecture.",
    certain: true,
    source: debian,
  },
  {
    managers: ["apt"],
    name: /^(?:libmpx[02]|libcilkrts5|libquadmath0|libitm1-i386)$/,
    instead: "Leave it out: the compiler's package brings the libraries of its own architecture.",
    certain: true,
    source: "https://packages.debian.org/libmpx2, /libcilkrts5, /libquadmath0: no arm64 (2026-08)",
  },
  {
    managers: ["apt", "apk", "dnf"],
    name: /^(?:intel-microcode|intel-ucode|microcode_ctl|iucode-tool|intel-mkl(?:-.*)?|libmkl-.*|intel-oneapi-.*|intel-opencl-icd|intel-media-va-driver(?:-non-free)?|intel-media-driver|i965-va-driver(?:-shaders)?|libva-intel-driver|libmfx1|libmfx-gen1\.2|thermald|libsgx-.*|sgx-aesm-service)$/,
    instead: "It is for Intel's processors: guard it by the architecture.",
    certain: true,
    source:
      "https://packages.debian.org: architectures amd64 and i386 at most; Intel's own repositories have amd64 alone (2026-08)",
  },
  {
    managers: ["apt", "apk", "dnf"],
    name: /^(?:syslinux(?:-(?:common|efi|utils))?|isolinux|extlinux|pxelinux|grub-pc(?:-bin)?|grub-bios|grub2-pc|grub-efi-amd64(?:-bin|-signed)?|memtest86\+?|msr-tools|cpuid|rar|steam(?:-installer)?|wine32|virtualbox(?:-\d[\d.]*)?)$/,
    instead: "It is for x86 machines: guard it by the architecture.",
    certain: true,
    source: debian,
  },
  {
    managers: ["apt", "dnf"],
    name: /^powershell(?:-lts|-preview)?$/,
    instead: "Unpack powershell-VERSION-linux-arm64.tar.gz of the project's releases.",
    certain: false,
    source:
      "https://learn.microsoft.com/powershell/scripting/install/linux-overview: packages are for x64, Arm by archive (2026-08)",
  },
  {
    managers: ["apk"],
    name: /^(?:.*\/)?glibc(?:-bin|-dev|-i18n)?(?:-[\d.]+-r\d+)?(?:\.apk)?$/,
    folder: "/usr/glibc-compat/",
    instead: "Alpine's gcompat runs many programs for glibc; else begin from an image with glibc.",
    certain: true,
    source: "https://github.com/sgerrand/alpine-pkg-glibc/issues/126: releases until 2.35-r1 have no build for Arm",
  },
  {
    managers: ["dnf"],
    name: /^.+\.(?:i[3-6]86)$/,
    instead: "Leave the 32-bit packages for x86 out: guard them by uname -m.",
    certain: true,
    source:
      "https://docs.fedoraproject.org: 32-bit packages for x86 (multilib) are in the x86_64 repositories alone (2026-08)",
  },
];
