import { formatPlatform } from "../../../platform/platform.ts";
import { locateIn } from "../../place.ts";
import type { Model } from "../../model.ts";
import type { Problem, Rule } from "../../rule.ts";

const id = "source-platform-constant";

/** Files of sources that may speak of platforms of images or of system calls, by their path. */
const likely =
  /(?:seccomp|platform|registry|image|oci|container|remote|resource|spec|pull|manifest)[^/]*(?:\/[^/]*){0,2}$/i;

/** Longest source and most sources that are read. */
const maxText = 262_144;
const maxFiles = 1500;

/** Tells of constants in sources that name one architecture. */
export const sourcePlatformConstant: Rule = {
  id,
  severity: "note",
  page: {
    title: "A source names one architecture as a constant",
    what: 'In Go sources: a platform with a fixed architecture that is given to a registry (`Platform{OS: "linux", Architecture: "amd64"}`), and lists of architectures for seccomp that have x86 and lack others; in JSON: seccomp profiles with such lists.',
    why: "A client that asks a registry for amd64 gets amd64 on every machine. A seccomp filter with the architectures of x86 alone does not cover system calls of others, or is refused.",
    symptom: "A program pulls images that do not start on arm64; `seccomp: … invalid argument`.",
    fix: 'Take the architecture of the running program:\n\n```diff\n-Platform{OS: "linux", Architecture: "amd64"}\n+Platform{OS: "linux", Architecture: runtime.GOARCH}\n```\n\nFor seccomp, add `specs.ArchAARCH64` and `specs.ArchARM`.',
    ignore: "The constant is a default that something else replaces, or belongs to a test.",
  },
  *find(model) {
    let read = 0;
    for (const { path, size } of model.repository.files) {
      if (read >= maxFiles) return;
      if (size > maxText || !/\.go$|seccomp[^/]*\.json$/i.test(path) || !likely.test(path)) continue;
      if (/_test\.go$|(?:^|\/)(?:vendor|testdata|test|tests|third_party|node_modules|fixtures)\//.test(path)) continue;
      read++;
      const text = model.repository.text(path);
      if (text !== undefined && /amd64|x86_64/i.test(text)) yield* constantsIn(path, text, model);
    }
  },
};

function* constantsIn(path: string, text: string, { platforms }: Model): Generator<Problem> {
  const locate = locateIn(path, text);
  const others = platforms.filter(({ os, architecture }) => os === "linux" && architecture !== "amd64");
  if (others.length === 0) return;
  const names = others.map(formatPlatform).join(" and ");
  const found: { readonly index: number; readonly length: number; readonly message: string }[] = [];
  if (path.endsWith(".go")) {
    for (const { 0: whole, index } of text.matchAll(/Platform\{[^{}]{0,200}?Architecture:\s*"amd64"/g))
      found.push({ index, length: whole.length, message: `The platform is fixed to amd64, on ${names} too.` });
  }
  for (const { 0: whole, index } of text.matchAll(
    /(?:\[\](?:\w+\.)?(?:Arch|string)\{|"architectures"\s*:\s*\[)[^\]}]{0,600}?(?:ArchX86_64|SCMP_ARCH_X86_64)[^\]}]{0,600}[\]}]/g,
  )) {
    if (/ArchAARCH64|ARCH_AARCH64|runtime\.GOARCH/i.test(whole)) continue;
    found.push({
      index,
      length: whole.length,
      message: `The list of architectures for seccomp has x86 and lacks ${names}.`,
    });
  }
  for (const { index, length, message } of found)
    yield { rule: id, message, platforms: others, place: locate(index, index + length) };
}
