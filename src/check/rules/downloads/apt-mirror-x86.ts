import type { Model } from "../../model.ts";
import type { Problem, Rule } from "../../rule.ts";
import { textOf } from "../../value.ts";
import { sourceLines } from "./package-sources.ts";
import { weigh } from "./weigh.ts";

const id = "apt-mirror-x86";

/** Mirrors of Ubuntu's main archive, which has amd64 and i386 alone. */
const mirror =
  /https?:\/\/(?:(?:[\w-]+\.)*(?:archive|security)\.ubuntu\.com|(?:[\w-]+\.)*mirrors?\.[\w.-]+|ftp\.[\w.-]+)(?::\d+)?\/(?:[\w-]+\/)*ubuntu(?:\/|\s|$)/;

/** Finds Ubuntu's mirrors for amd64 in the package sources of other platforms. */
export const aptMirrorX86: Rule = {
  id,
  severity: "warning",
  page: {
    title: "A mirror of Ubuntu that has only amd64 and i386",
    what: "A script writes `archive.ubuntu.com`, `security.ubuntu.com` or a regional mirror of them into apt's sources, or such a file is copied into the image, also for platforms other than amd64.",
    why: "Ubuntu keeps amd64 and i386 in its main archive; arm64, armhf, ppc64el, riscv64 and s390x lie on `ports.ubuntu.com/ubuntu-ports`, and few mirrors have them.",
    symptom:
      "`E: Failed to fetch http://archive.ubuntu.com/ubuntu/dists/jammy/main/binary-arm64/Packages  404  Not Found`",
    fix: 'Leave the sources of the base image as they are, or choose:\n\n```sh\ncase "$(dpkg --print-architecture)" in\n  amd64|i386) mirror=http://archive.ubuntu.com/ubuntu ;;\n  *) mirror=http://ports.ubuntu.com/ubuntu-ports ;;\nesac\n```',
    ignore: "When the mirror has all architectures below the same path.",
  },
  find: (model) => problemsIn(model),
};

function* problemsIn(model: Model): Generator<Problem> {
  for (const line of sourceLines(model)) {
    const { text: value, platform, place } = line;
    const text = textOf(value);
    if (platform.architecture === "amd64" || platform.architecture === "386") continue;
    if (!/^\s*(?:deb(?:-src)?\s|URIs:)/.test(text) || /\barch\s*=/.test(text)) continue;
    const found = mirror.exec(text);
    if (found === null || value.pieces.some((piece) => piece.dependsOnPlatform === true)) continue;
    const weight = weigh(line);
    yield {
      rule: id,
      severity: weight.severity === "error" ? "warning" : weight.severity,
      message: `${found[0].trim()} has packages for amd64 and i386 alone; other platforms are on ports.ubuntu.com.`,
      platforms: [platform],
      place,
      advice: "Leave the sources of the base image as they are, or choose the mirror by dpkg --print-architecture.",
    };
  }
}
