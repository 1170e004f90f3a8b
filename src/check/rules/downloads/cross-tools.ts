import { namesIn } from "../../../platform/architecture-words.ts";
import { fileNameOf } from "./asset-kind.ts";

/** Whether a file is a compiler for another machine: then a name in its URL is what it compiles for. */
export function isCrossTool(url: string): boolean {
  return /[-_.]cross(?![a-z])|cross-?(?:tools?|compiler|gcc)|[-_.]toolchain|-none-(?:linux-gnu|eabi|elf)|gcc-(?:linaro|arm)-/i.test(
    fileNameOf(url),
  );
}

/** What a cross compiler itself runs on, when its name says both: the first is the host (`x86_64-aarch64-none-linux-gnu`). */
export function hostOfCrossTool(url: string): string | undefined {
  const file = fileNameOf(url);
  const architectures = new Set(namesIn(file).map(({ architecture }) => architecture));
  return architectures.size > 1 ? namesIn(file)[0]?.architecture : undefined;
}
