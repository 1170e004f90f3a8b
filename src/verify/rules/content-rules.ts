import type { Finding } from "../../finding/finding.ts";
import { chainFindings } from "./chain-rules.ts";
import type { StartChain } from "../chain/chain-parts.ts";
import { fileFindings, systemFolder } from "./file-rules.ts";
import { foreignProgramFindings } from "./foreign-programs.ts";
import type { ImageFacts } from "../view/image-facts.ts";
import { pythonFindings } from "./python-rules.ts";

/** Rules that only mean something when every layer is known. */
const needsAllLayers = /-missing$/;

/** Rules about a file that holds the wrong code, which is then not reported once more. */
const isAboutCode = /-(?:wrong-architecture|foreign-program)$/;

/**
 * All findings about the content of an image. `complete` is false when a layer could not be read: then nothing is said to be
 * missing. `elfFiles` is the number of ELF files in the merged file system.
 */
export function contentFindings(image: ImageFacts, chain: StartChain, complete: boolean, elfFiles: number): Finding[] {
  const ofChain = chainFindings(image, chain);
  const ofPython = pythonFindings(image);
  const ofCode = ofChain.filter(({ rule }) => isAboutCode.test(rule)).map(({ path }) => path);
  const ofOthers = foreignProgramFindings(image, new Set([...ofCode, ...ofPython.reported]));
  const reported = new Set([...ofCode, ...ofPython.reported, ...ofOthers.map(({ path }) => path)]);
  const ofLinks = image.view.danglingLinks.map((link): Finding => {
    const layer = image.places[link.layer];
    return {
      rule: "hard-link-missing",
      severity: "warning",
      message: `${link.path} is a hard link to ${link.target}, which is in no layer: engines refuse to unpack it.`,
      platforms: [image.expected.platform],
      path: link.path,
      related: [],
      ...(layer === undefined ? {} : { layer }),
    };
  });
  const ofFiles = fileFindings(image, reported);
  const findings = [...sharingCause(ofChain, ofFiles), ...ofFiles, ...ofOthers, ...ofPython.findings, ...ofLinks];
  if (!complete) return findings.filter(({ rule }) => !needsAllLayers.test(rule));
  return elfFiles === 0 ? ofData(image, findings) : findings;
}

/**
 * An image without machine code carries data (charts, bundles, files for other images): it is not meant to start, whatever
 * command it names, because tools that make such images need one (`docker create` asks for it). An entrypoint is set on
 * purpose: then what is missing stays as heavy as it is.
 */
function ofData(image: ImageFacts, findings: readonly Finding[]): Finding[] {
  const none: Finding = {
    rule: "no-machine-code",
    severity: "note",
    message: "The image holds no machine code: there is nothing that could be of another architecture.",
    platforms: [image.expected.platform],
    path: "/",
    related: [],
  };
  if (image.config.entrypoint.length > 0) return [none, ...findings];
  return [
    none,
    ...findings.map((finding) =>
      needsAllLayers.test(finding.rule) ? { ...finding, severity: "warning" as const } : finding,
    ),
  ];
}

/** A wrong base is the cause of every wrong file in the system's folders, whatever instruction of the base made it. */
function sharingCause(ofChain: readonly Finding[], ofFiles: readonly Finding[]): Finding[] {
  const userland = ofFiles.find(({ rule }) => rule === "userland-wrong-architecture");
  const { cause, fix } = userland ?? {};
  return ofChain.map((finding) => {
    const isOfBase = finding.rule.endsWith("-wrong-architecture") && systemFolder.test(finding.path);
    return isOfBase && cause !== undefined && fix !== undefined ? { ...finding, cause, fix } : finding;
  });
}
