import type { Finding, Severity } from "../../finding/finding.ts";
import { formatPlatform } from "../../platform/platform.ts";
import type { Explanation } from "./cause.ts";
import { explainWrongCode } from "./cause.ts";
import type { ElfFacts } from "../program/elf.ts";
import { architectureOf, describeCode } from "../program/identity.ts";
import type { ImageFacts } from "../view/image-facts.ts";
import type { ViewFile } from "../view/view.ts";

/** The words of a finding about one file. */
export interface FileFinding {
  readonly rule: string;
  readonly severity: Severity;
  readonly path: string;
  readonly message: string;
  readonly file?: ViewFile | undefined;
}

/** A finding about one file, with the layer that holds it. */
export function fileFinding(image: ImageFacts, parts: FileFinding): Finding {
  const { rule, severity, path, message, file } = parts;
  const layer = file && image.places[file.layer];
  return {
    rule,
    severity,
    message,
    platforms: [image.expected.platform],
    path,
    related: [],
    ...(layer === undefined ? {} : { layer }),
  };
}

/** A finding about a file whose machine code is wrong: with the likely cause and the fix. */
export function wrongCodeFinding(image: ImageFacts, elf: ElfFacts, parts: FileFinding): Finding {
  const finding = fileFinding(image, parts);
  const found = architectureOf(elf) ?? describeCode(elf);
  return { ...finding, ...explainWrongCode({ layer: finding.layer, found, wanted: image.expected.architecture.name }) };
}

/** `is linux/amd64 code, but the image is declared linux/arm64` */
export function mismatch(image: ImageFacts, elf: ElfFacts): string {
  return `is ${describeCode(elf)} code, but the image is declared ${formatPlatform(image.expected.platform)}`;
}

/** Why a program ends before its code does, and what to do. */
export const damage: Explanation = {
  cause: {
    code: "file-cut-off",
    text: "The file was copied or downloaded in part: a download that broke off, a full disk, or a Git LFS or archive step that failed.",
  },
  fix: { title: "Fetch or build the file again, and check its digest (`ADD --checksum=…`, `sha256sum -c`)." },
};
