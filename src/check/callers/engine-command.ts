import type { ReachedCommand } from "../shell/trace.ts";
import { textOf, unknownMark, type Value } from "../value.ts";
import type { OptionGrammar } from "./command-options.ts";

/** What a command asks of a container engine. */
export interface EngineCommand {
  /** `docker`, `podman`, `buildah`, `nerdctl`, `img`, `kaniko`, `kubectl`, `crictl`, `ctr`, `skopeo`, `manifest-tool`, `crane`. */
  readonly engine: string;
  /** Its words up to the first option or operand: `buildx build`, `image build`, `manifest create`. */
  readonly verb: string;
  readonly words: readonly Value[];
}

const engines: ReadonlyMap<string, string> = new Map([
  ["docker", "docker"],
  ["podman", "podman"],
  ["buildah", "buildah"],
  ["nerdctl", "nerdctl"],
  ["finch", "nerdctl"],
  ["img", "img"],
  ["depot", "depot"],
  ["executor", "kaniko"],
  ["kubectl", "kubectl"],
  ["crictl", "crictl"],
  ["ctr", "ctr"],
  ["skopeo", "skopeo"],
  ["manifest-tool", "manifest-tool"],
  ["crane", "crane"],
  ["regctl", "regctl"],
  ["docker-compose", "docker-compose"],
]);

/** First words with a second one behind them that says what is done. */
const groups = new Set([
  "buildx",
  "builder",
  "image",
  "container",
  "manifest",
  "imagetools",
  "compose",
  "images",
  "i",
  "index",
]);

/** Options of the engine itself, before what it is asked for, that have an argument. */
const globalWithArgument = new Set([
  "--config",
  "-c",
  "--context",
  "-H",
  "--host",
  "-l",
  "--log-level",
  "--root",
  "--storage-driver",
  "--builder",
  "-n",
  "--namespace",
  "-a",
  "--address",
]);

/**
 * Reads a command of a container engine. A name that is not known counts as docker when what follows can only be that: Makefiles keep the
 * engine in a variable (`$(DOCKER) build`).
 */
export function engineCommand(command: ReachedCommand): EngineCommand | undefined {
  const { words, program } = withoutWrapper(command);
  const [first] = words;
  if (first === undefined) return undefined;
  const named = engines.get(program);
  const isUnknown =
    textOf(first) === unknownMark &&
    first.pieces.some(({ through = [] }) => through.some((name) => /docker|podman|container|engine|oci/i.test(name)));
  const engine = named ?? (isUnknown ? "docker" : undefined);
  if (engine === undefined) return undefined;
  if (engine === "kaniko") {
    const isKaniko = textOf(first).includes("kaniko") || words.some((word) => textOf(word).startsWith("--destination"));
    return isKaniko ? { engine, verb: "build", words: words.slice(1) } : undefined;
  }
  if (engine === "docker-compose") return { engine: "docker", verb: "compose", words: words.slice(1) };
  let at = 1;
  const verb: string[] = [];
  while (at < words.length && verb.length < 3) {
    const text = textOf(words[at] ?? { pieces: [] });
    if (text.startsWith("-")) {
      if (globalWithArgument.has(text)) at++;
    } else if (text === unknownMark) {
      // `docker $(DOCKER_OPTS) build`
      if (verb.length > 0) break;
    } else {
      verb.push(text);
      if (!groups.has(text)) {
        at++;
        break;
      }
    }
    at++;
  }
  if (verb.length === 0) return undefined;
  return { engine, verb: verb.join(" "), words: words.slice(at) };
}

/** `gcloud docker -- push IMAGE` runs docker with credentials. */
function withoutWrapper({ words, program }: ReachedCommand): Pick<ReachedCommand, "words" | "program"> {
  const [, second] = words;
  if (program !== "gcloud" || second === undefined || textOf(second) !== "docker") return { words, program };
  const from = words.findIndex((word) => textOf(word) === "--");
  return { words: [second, ...words.slice(from < 0 ? 2 : from + 1)], program: "docker" };
}

const buildArguments = new Set([
  ..."--file --tag --build-arg --platform --target --output --cache-from --cache-to --label --network --secret --ssh".split(
    " ",
  ),
  ..."--progress --iidfile --metadata-file --builder --build-context --add-host --ulimit --memory --memory-swap".split(
    " ",
  ),
  ..."--cpu-period --cpu-quota --cpu-shares --cpuset-cpus --cpuset-mems --shm-size --isolation --cgroup-parent".split(
    " ",
  ),
  ..."--attest --annotation --allow --security-opt --format --volume --arch --os --variant --authfile --cert-dir".split(
    " ",
  ),
  ..."--creds --jobs --manifest --runtime --no-cache-filter --opt --env --ignorefile --platforms --userns --device".split(
    " ",
  ),
  ..."--dns --call --from --cap-add --logfile --set -f -t -o -m -c -v".split(" "),
]);

const kanikoArguments = new Set([
  ..."--context --dockerfile --destination --custom-platform --customPlatform --cache-repo --registry-mirror".split(
    " ",
  ),
  ..."--verbosity --digest-file --tarPath --tar-path --context-sub-path --snapshotMode --snapshot-mode".split(" "),
  ..."--build-arg --target --label --git -c -f -d -v".split(" "),
]);

/** Options of `docker run` that stand alone: all others of its more than a hundred have an argument. */
const runBooleans = new Set([
  ..."-d -i -t -P -q --detach --interactive --tty --rm --privileged --init --read-only --publish-all".split(" "),
  ..."--no-healthcheck --oom-kill-disable --sig-proxy --quiet --disable-content-trust --all-tags --tls-verify".split(
    " ",
  ),
  ..."--replace --systemd --http-proxy --no-hosts --no-hostname --rmi".split(" "),
]);

const kubectlArguments = new Set(
  "--image --namespace -n --overrides --restart --env --port --labels -l -o --output --context -f --filename".split(
    " ",
  ),
);

/** The options of an engine's command. */
export function grammarOf({ engine, verb }: EngineCommand): OptionGrammar {
  if (engine === "kaniko") return { hasArgument: (name) => kanikoArguments.has(name) };
  if (engine === "kubectl") return { hasArgument: (name) => kubectlArguments.has(name) };
  if (/(?:^| )(?:run|create|pull)$/.test(verb) && !/manifest|imagetools|index/.test(verb))
    return { hasArgument: (name) => !runBooleans.has(name), stopAtFirst: true };
  return { hasArgument: (name) => buildArguments.has(name) };
}
