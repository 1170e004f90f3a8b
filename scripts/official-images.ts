/**
 * `sh scripts/run.sh scripts/official-images.ts CLONE`: writes src/check/facts/official-images.ts, which tags of Docker's official images have linux/arm64, from the history of
 * https://github.com/docker-library/official-images in a clone. The last list of architectures that a tag was built for is what the registry keeps of it.
 */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { compareNumbers, numberedTag } from "../src/check/facts/tag-family.ts";

/** Images that Dockerfiles, compose files and charts begin from most. */
const names =
  `adminer almalinux alpine amazoncorretto amazonlinux archlinux bash buildpack-deps busybox caddy cassandra centos
chronograf clickhouse composer consul couchdb crate debian docker eclipse-mosquitto eclipse-temurin elasticsearch erlang elixir fedora flink
fluentd gcc golang haproxy haskell httpd influxdb java jenkins julia kapacitor kibana kong logstash mariadb maven memcached mongo
mongo-express mysql nats neo4j nginx node openjdk adoptopenjdk oraclelinux percona perl php postgres pypy python r-base rabbitmq redis registry rethinkdb
rockylinux ruby rust solr sonarqube spark storm swift telegraf traefik ubuntu ubuntu-debootstrap varnish vault zookeeper`.split(
    /\s+/,
  );

/** Manifest lists of official images began in this month (https://www.docker.com/blog/docker-official-images-now-multi-platform/): what was built before is amd64 alone, and in it nobody knows. */
const firstLists = [Date.UTC(2017, 5, 1) / 1000, Date.UTC(2017, 8, 15) / 1000] as const;

interface Built {
  readonly architectures: ReadonlySet<string>;
  /** Seconds since the epoch until which the tag was built so. */
  until: number;
}

const [, , clone] = process.argv;
if (clone === undefined) throw new Error("usage: scripts/official-images.ts CLONE");
const git = (...args: readonly string[]) =>
  execFileSync("git", ["-C", clone, ...args], { encoding: "utf8", maxBuffer: 2 ** 30 });

const commit = git("rev-parse", "HEAD").trim();
const asOf = git("log", "-1", "--format=%cs").trim();
const images = names.toSorted().map((name) => [name, linesOf(historyOf(`library/${name}`))] as const);
const target = resolve(import.meta.dirname, "..", "src/check/facts/official-images.ts");
writeFileSync(target, moduleText());

/** What each tag of an image was last built for. */
function historyOf(path: string): Map<string, Built> {
  const commits = git("log", "--first-parent", "--reverse", "--diff-filter=AMR", "-m", "--format=%H %ct", "--", path)
    .trim()
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => line.split(" "));
  const texts = contents(commits.map(([hash = ""]) => `${hash}:${path}`));
  const tags = new Map<string, Built>();
  let live: readonly string[] = [];
  commits.forEach(([, time = "0"], index) => {
    for (const tag of live) {
      const built = tags.get(tag);
      if (built) built.until = Number(time);
    }
    const listed = parse(texts[index] ?? "");
    for (const [tag, architectures] of listed) tags.set(tag, { architectures, until: Number(time) });
    live = [...listed.keys()];
  });
  // What is listed now is built until now.
  for (const tag of live) {
    const built = tags.get(tag);
    if (built) built.until = Date.now() / 1000;
  }
  return tags;
}

/** The texts of blobs, in one call. */
function contents(specs: readonly string[]): string[] {
  const output = execFileSync("git", ["-C", clone ?? "", "cat-file", "--batch"], {
    input: specs.join("\n"),
    maxBuffer: 2 ** 30,
  });
  const texts: string[] = [];
  for (let at = 0; at < output.length;) {
    const end = output.indexOf("\n", at);
    const head = output.subarray(at, end).toString();
    const size = head.endsWith("missing") ? undefined : Number(head.split(" ")[2]);
    texts.push(size === undefined ? "" : output.subarray(end + 1, end + 1 + size).toString());
    at = end + 1 + (size === undefined ? 0 : size + 1);
  }
  return texts;
}

/** The tags of a library file with their architectures, in today's form (RFC 2822 paragraphs) or that of before 2016 (`TAG: URL@COMMIT`). */
function parse(text: string): Map<string, Set<string>> {
  const tags = new Map<string, Set<string>>();
  const add = (list: string | undefined, architectures: readonly string[]) => {
    for (const tag of (list ?? "").split(/[,\s]+/).filter(Boolean)) {
      tags.set(tag, new Set([...(tags.get(tag) ?? []), ...architectures]));
    }
  };
  if (!/^(?:Tags|Maintainers):/m.test(text)) {
    for (const [, tag] of text.matchAll(/^([\w.-]+):\s+\S+@\S+/gm)) add(tag, ["amd64"]);
    return tags;
  }
  let usual: string | undefined;
  for (const paragraph of text
    .replaceAll(/^#.*\n?/gm, "")
    .replaceAll(/\n[ \t]+/g, " ")
    .split(/\n\s*\n/)) {
    const fields = new Map(
      paragraph.split("\n").map((line) => {
        const [key = "", value = ""] = line.split(/:(.*)/s);
        return [key.trim(), value.trim()] as const;
      }),
    );
    const architectures = (fields.get("Architectures") ?? usual ?? "amd64").split(/[,\s]+/).filter(Boolean);
    if (!fields.has("Tags") && !fields.has("SharedTags")) {
      usual ??= fields.get("Architectures");
      continue;
    }
    add(fields.get("Tags"), architectures);
    add(fields.get("SharedTags"), architectures);
  }
  return tags;
}

/** Lines `FAMILY RUN…`, a run being `FIRST[..LAST]` and `+` with arm64 or `-` without. */
function linesOf(tags: ReadonlyMap<string, Built>): string[] {
  const families = new Map<string, { readonly numbers: readonly (readonly number[])[]; readonly mark: string }[]>();
  for (const [tag, built] of tags) {
    const mark = markOf(built);
    const { family, numbers } = numberedTag(tag);
    // Releases before the release are in no Dockerfile for long.
    if (mark === undefined || /(?:^|[-.#])(?:rc|beta|alpha|dev|test|ea|milestone|preview|m#)/.test(family)) continue;
    families.set(family, [...(families.get(family) ?? []), { numbers, mark }]);
  }
  return [...families]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([family, all]) => {
      const sorted = all.toSorted((a, b) => compareNumbers(a.numbers, b.numbers));
      const runs: string[] = [];
      for (let start = 0; start < sorted.length;) {
        const first = sorted[start];
        let end = start;
        while (sorted[end + 1]?.mark === first?.mark) end++;
        const last = sorted[end];
        if (first && last && first.mark !== "?") runs.push(runText(first.numbers, last.numbers) + first.mark);
        start = end + 1;
      }
      return runs.length === 0 ? [] : [`${family} ${runs.join(" ")}`];
    });
}

function markOf({ architectures, until }: Built): "+" | "-" | "?" | undefined {
  if (!architectures.has("amd64")) return undefined;
  if (until < firstLists[0]) return "-";
  const hasArm = architectures.has("arm64v8");
  if (until < firstLists[1] && hasArm) return "?";
  return hasArm ? "+" : "-";
}

function runText(first: readonly (readonly number[])[], last: readonly (readonly number[])[]): string {
  const write = (numbers: readonly (readonly number[])[]) => numbers.map((group) => group.join(".")).join(",");
  return write(first) === write(last) ? write(first) : `${write(first)}..${write(last)}`;
}

function moduleText(): string {
  const entries = images.map(([name, lines]) => `  ${JSON.stringify(name)}: ${JSON.stringify(lines.join("\n"))},`);
  return `/**
 * Which tags of Docker's official images have linux/arm64. Made by \`scripts/official-images.ts\` from the history of the files that the images are built from; the source of an image is
 * \`https://github.com/docker-library/official-images/commits/COMMIT/library/NAME\`.
 *
 * A line is \`FAMILY RUN…\`: a family is a tag with \`#\` for each version, a run the versions \`FIRST[..LAST]\` that are alike: \`+\` linux/amd64 and linux/arm64, \`-\` linux/amd64 without linux/arm64.
 */
export const officialImages = {
  asOf: ${JSON.stringify(asOf)},
  commit: ${JSON.stringify(commit)},
  images: {
${entries.join("\n")}
  } as Readonly<Record<string, string>>,
} as const;
`;
}
