/** What the formats for other programs (SARIF, JUnit, GitHub, Markdown) are made from. */
import { compareFindings, severities } from "../finding/finding.ts";
import type { Finding, Verdict } from "../finding/finding.ts";
import { formatPlatform } from "../platform/platform.ts";
import type { Platform } from "../platform/platform.ts";
import { printable } from "./style.ts";

/** The answer about one platform of an image. */
export interface ReportedPlatform {
  readonly platform: Platform;
  /** Of its manifest. */
  readonly digest: string;
  readonly verdict: Verdict;
  readonly findings: readonly Finding[];
  /** Compressed bytes of its layers, when they are known. */
  readonly size?: number;
}

/** The answer about one image, or about a repository: then `reference` is its folder and there are no platforms. */
export interface ReportedImage {
  /** As the user wrote it. */
  readonly reference: string;
  /** Of its index, or of its manifest when it has none. */
  readonly digest: string;
  readonly verdict: Verdict;
  /** Those about the index itself or between platforms. */
  readonly findings: readonly Finding[];
  readonly platforms: readonly ReportedPlatform[];
}

/** What all formats are told besides the images. */
export interface ReportOptions {
  /** Version of Archway. */
  readonly toolVersion: string;
  /** Path of the Dockerfile relative to the repository, when the images come from one. */
  readonly dockerfile?: string;
  /** Set when the findings are those of a repository. */
  readonly repository?: ReportedRepository;
}

/** A rule in words. */
export interface DescribedRule {
  /** What it belongs to, one word. */
  readonly group: string;
  /** What is wrong, one line without a full stop. */
  readonly title: string;
  /** How it shows and what to do, whole sentences. */
  readonly help: string;
  /** The whole page of the rule, when it has one. */
  readonly markdown?: string;
}

/** What formats are told of a repository that was checked. */
export interface ReportedRepository {
  readonly platforms: readonly Platform[];
  /** Ids of all rules that were asked, in the order in which they are shown. */
  readonly rules: readonly string[];
  readonly describe: (rule: string) => DescribedRule;
  /** What makes a finding the same one in the next run. */
  readonly fingerprint: (finding: Finding) => string;
}

/** A finding with what it is about. */
export interface ReportedFinding {
  readonly image: ReportedImage;
  /** Absent for findings about the index or between platforms. */
  readonly platform?: ReportedPlatform;
  readonly finding: Finding;
}

/** All findings of all images: the heaviest first, among equals in the order of the images and their platforms. */
export function reportedFindings(images: readonly ReportedImage[]): ReportedFinding[] {
  const all = images.flatMap((image) => [
    ...image.findings.toSorted(compareFindings).map((finding): ReportedFinding => ({ image, finding })),
    ...image.platforms.flatMap((platform) =>
      platform.findings.toSorted(compareFindings).map((finding): ReportedFinding => ({ image, platform, finding })),
    ),
  ]);
  return severities.flatMap((severity) => all.filter(({ finding }) => finding.severity === severity));
}

/** A platform, safe to print: an index of strangers may name anything. */
export function platformName(platform: Platform): string {
  return printable(formatPlatform(platform));
}

/** The platforms that a finding is about, safe to print. */
export function platformsOf({ platform, finding }: ReportedFinding): string[] {
  const named = finding.platforms.length > 0 || platform === undefined ? finding.platforms : [platform.platform];
  return [...new Set(named.map(platformName))];
}
