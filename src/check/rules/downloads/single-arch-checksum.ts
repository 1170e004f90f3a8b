import { namesIn } from "../../../platform/architecture-words.ts";
import type { Model } from "../../model.ts";
import type { Problem, Rule } from "../../rule.ts";
import { sliceValue, textOf } from "../../value.ts";
import { assetKind } from "./asset-kind.ts";
import { checksumsOf } from "./checksums.ts";
import { downloadsOf, type Download } from "./download.ts";
import { isLookedAt, weigh } from "./weigh.ts";

const id = "single-arch-checksum";

/** Finds one checksum for files that differ by platform. */
export const singleArchChecksum: Rule = {
  id,
  severity: "error",
  page: {
    title: "One checksum for the files of several platforms",
    what: "The URL of a download follows the platform, but the checksum that it is compared with is a constant. (A checksum of a download that is fixed to one architecture belongs to that finding.)",
    why: "Every platform has its own file, and every file its own checksum: on all platforms but one the comparison fails.",
    symptom: "`sha256sum: WARNING: 1 computed checksum did NOT match`, `tool.tar.gz: FAILED`",
    fix: 'Keep the check and give every platform its own sum:\n\n```sh\ncase "$TARGETARCH" in\n  amd64) sum=<sum of the file for amd64> ;;\n  arm64) sum=<sum of the file for arm64> ;;\nesac\necho "$sum  tool.tar.gz" | sha256sum -c -\n```',
    ignore: "When the file behind all the URLs is the same.",
  },
  find: (model) => problemsIn(model),
};

function* problemsIn(model: Model): Generator<Problem> {
  for (const download of downloadsOf(model)) {
    if (!isLookedAt(download) || !followsPlatform(download) || download.command?.guarded === true) continue;
    // Where there is one sum, it is mostly that of amd64.
    if (download.platform.architecture === "amd64") continue;
    const kind = assetKind(textOf(download.url));
    if (kind === "checksum" || kind === "text" || kind === "source") continue;
    for (const { piece, command } of checksumsOf(download)) {
      if (command.guarded || command.place.line < download.place.line) continue;
      const weight = weigh(download);
      yield {
        rule: id,
        severity: weight.severity,
        message: ["This checksum is the same on all platforms, but the file is another one on each.", weight.because]
          .filter(Boolean)
          .join(" "),
        platforms: [download.platform],
        place: piece.place ?? command.place,
        related: [
          { place: download.place, message: "The file is downloaded here." },
          { place: command.place, message: "It is compared here." },
        ],
        advice: "Give every platform its own checksum; do not leave the check out.",
      };
    }
  }
}

/** Whether the platform's own name in the URL comes from an architecture source. */
function followsPlatform({ url, platform }: Download): boolean {
  return namesIn(textOf(url)).some(({ start, end, architecture }) => {
    if (architecture !== platform.architecture) return false;
    return sliceValue(url, start, end).pieces.some((piece) => piece.dependsOnPlatform === true);
  });
}
