import type { Finding } from "../../finding/finding.ts";
import { formatPlatform } from "../../platform/platform.ts";
import { abiOf, usualAbi } from "../program/abi.ts";
import type { ChainFile, StartChain } from "../chain/chain-parts.ts";
import type { ElfFacts } from "../program/elf.ts";
import { fileFinding } from "./finding-parts.ts";
import { describeCode } from "../program/identity.ts";
import type { ImageFacts } from "../view/image-facts.ts";

/**
 * The right architecture, but another calling convention than its ports have: soft float on riscv64, ELFv1 on ppc64le, n32 on
 * mips. Static programs bring all their code along and cannot clash, but for n32, which 32-bit kernels do not start.
 */
export function abiFindings(image: ImageFacts, link: ChainFile, elf: ElfFacts, chain: StartChain): Finding[] {
  const { platform, architecture } = image.expected;
  const abi = abiOf(elf);
  const usual = usualAbi(architecture) ?? loaderAbi(chain);
  const isDynamic = elf.interpreter !== undefined || link.role === "library" || link.role === "loader";
  if (abi === undefined || usual === undefined || abi.name === usual || (!isDynamic && abi.name !== "n32")) return [];
  const rule = abi.float ? "float-abi-mismatch" : "abi-mismatch";
  return [
    {
      ...fileFinding(image, {
        rule,
        severity: "error",
        path: link.path,
        message:
          `${link.path} (${link.via}) is ${describeCode(elf)} code by its ELF flags (${abi.name}), but ${formatPlatform(platform)} has ${usual}: ` +
          "the two cannot be loaded together.",
        file: link.file,
      }),
      cause: { code: rule, text: `The file was compiled with another ABI (${abi.name}) than the rest of the system.` },
      fix: {
        title: `Compile with the tool-chain for ${architecture.triplet} and without options for another ABI (-mabi).`,
      },
    },
  ];
}

/** What the loader of the chain is: libraries and programs must be the same. */
function loaderAbi(chain: StartChain): string | undefined {
  const loader = chain.files.find(({ role }) => role === "loader")?.file.entry.elf;
  return loader && abiOf(loader)?.name;
}
