/** `npm run bed`: the test bed for a person. */
import { parseArgs } from "node:util";
import { ArchwayError } from "../../src/error/error.ts";
import { baseLayout } from "./base/image.ts";
import { recipes, type BaseName } from "./base/recipes.ts";
import { startBed, type Bed } from "./bed.ts";
import { components, demoComponents, isComponent, prepare, type Component } from "./component.ts";
import { logToStderr } from "./log.ts";

const baseNames: readonly string[] = Object.keys(recipes);

const usage = `npm run bed -- [--prepare] [--base NAME]… [COMPONENT…]

Starts real registries, engines and emulators on this machine, prints how to reach them, and stops them at Ctrl-C.
What is missing is installed and built first, and named when that is not possible.

  --prepare      only install, build and make; exit code 1 when something stays missing
  --base NAME    a base image to push into the registries that are open to all: ${baseNames.join(", ")},
                 or all (default: busybox and alpine)
  COMPONENT      ${components.join(", ")};
                 demo stands for: ${demoComponents.join(", ")} (default: all)
`;

/** One line of the table: what it is, and how to reach it. */
interface Row {
  readonly name: string;
  readonly endpoint: string;
  /** Variables that point clients there, besides those of the whole bed. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** `HOST:PORT` of a registry that has base images: it stands in for Docker Hub. */
  readonly mirror?: string;
}

try {
  await main();
} catch (error) {
  if (!(error instanceof ArchwayError)) throw error;
  process.stderr.write(`bed: ${error.message}${error.hint === undefined ? "" : `\n     ${error.hint}`}\n`);
  process.exitCode = 1;
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { prepare: { type: "boolean" }, base: { type: "string", multiple: true }, help: { type: "boolean" } },
  });
  const words = positionals.flatMap((word): readonly string[] => (word === "demo" ? demoComponents : [word]));
  const wanted: readonly Component[] = words.length === 0 ? components : words.filter(isComponent);
  const asked = (values.base ?? ["busybox", "alpine"]).flatMap((word) => (word === "all" ? baseNames : [word]));
  const bases = asked.filter(isBase);
  if (values.help) {
    process.stdout.write(usage);
    return;
  }
  if (wanted.length < words.length || bases.length < asked.length) {
    process.stderr.write(usage);
    process.exitCode = 2;
    return;
  }
  const missing = await prepare(wanted, logToStderr);
  if (values.prepare) {
    const makes = wanted.includes("bases") && !missing.has("bases");
    for (const name of makes ? bases : []) await baseLayout(name, logToStderr);
    process.exitCode = missing.size > 0 ? 1 : 0;
    return;
  }
  const need = wanted.filter((component) => !missing.has(component));

  const interrupted = Promise.withResolvers<void>();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => interrupted.resolve());
  // The daemons of the bed do not keep this process alive.
  const alive = setInterval(() => {}, 1 << 30);
  try {
    await using bed = await startBed({ need });
    const rows: Row[] = [];
    for (const component of need) rows.push(...(await start(bed, component, bases)));
    print(bed, rows);
    await interrupted.promise;
    logToStderr("stopping");
  } finally {
    clearInterval(alive);
  }
}

function isBase(word: string): word is BaseName {
  return word in recipes;
}

/** Starts a component and says how it is reached. */
async function start(bed: Bed, component: Component, bases: readonly BaseName[]): Promise<Row[]> {
  switch (component) {
    case "registry":
      return registryRows(bed, "distribution", bases);
    case "registry-debian":
      return registryRows(bed, "debian", bases);
    case "registry-basic":
      return registryRows(bed, "basic", []);
    case "registry-token":
      return registryRows(bed, "token", []);
    case "registry-tls":
      return registryRows(bed, "tls", []);
    case "buildkit": {
      const nodes = [await bed.buildkit("a"), await bed.buildkit("b")];
      return Promise.all(
        nodes.map(async ({ name, endpoint, platforms }) => ({
          name: `buildkit ${name} (${(await platforms())[0]})`,
          endpoint,
          env: { BUILDKIT_HOST: endpoint },
        })),
      );
    }
    case "docker": {
      const { endpoint } = await bed.docker();
      return [{ name: "docker", endpoint, env: { DOCKER_HOST: endpoint } }];
    }
    case "buildah": {
      const { env } = await bed.buildah();
      const names = Object.keys(env).filter(
        (name) => name.startsWith("CONTAINERS_") || name === "REGISTRY_AUTH_FILE" || name === "TMPDIR",
      );
      return [
        { name: "buildah", endpoint: "(no daemon)", env: Object.fromEntries(names.map((key) => [key, env[key]])) },
      ];
    }
    case "podman": {
      const { endpoint } = await bed.podman();
      return [{ name: "podman", endpoint, env: { DOCKER_HOST: endpoint } }];
    }
    case "qemu":
    case "bases":
    case "compilers":
    case "make":
    case "rpm":
    case "git-lfs":
    case "file-systems":
    case "bsdtar":
    case "ssh":
    case "skopeo":
    case "umoci":
    case "proof-by-hand":
    case "crane":
    case "regctl":
      return [];
  }
}

async function registryRows(
  bed: Bed,
  kind: Parameters<Bed["registry"]>[0],
  bases: readonly BaseName[],
): Promise<Row[]> {
  const registry = await bed.registry(kind);
  const rows: Row[] = [
    { name: `registry ${kind}`, endpoint: registry.url, ...(bases.length > 0 ? { mirror: registry.host } : {}) },
  ];
  if (kind === "basic" || kind === "token") {
    for (const user of ["writer", "reader"] as const) {
      const folder = await registry.login(user);
      rows.push({
        name: `  as ${user}`,
        endpoint: "",
        env: { DOCKER_CONFIG: folder, REGISTRY_AUTH_FILE: `${folder}/config.json` },
      });
    }
  }
  if (registry.ca !== undefined)
    rows.push({ name: "  authority", endpoint: registry.ca, env: { SSL_CERT_FILE: registry.ca } });
  for (const name of bases) {
    const base = await bed.base(name, registry);
    for (const { tag, platforms } of base.tags) {
      rows.push({ name: `  ${platforms.join(" ")}`, endpoint: `${base.repository}:${tag}` });
    }
  }
  return rows;
}

function print(bed: Bed, rows: readonly Row[]): void {
  const width = Math.max(...rows.map(({ name }) => name.length));
  const lines = rows.flatMap(({ name, endpoint, env = {} }) => {
    const variables = Object.entries(env).map(([key, value]) => `${" ".repeat(width + 2)}export ${key}=${value}`);
    return [`${name.padEnd(width)}  ${endpoint}`.trimEnd(), ...variables];
  });
  const mirror = rows.find((row) => row.mirror !== undefined)?.mirror;
  const configuration =
    mirror === undefined
      ? ""
      : `
For the base images above in the place of Docker Hub's, in .archway.yaml:
version: 1
registries:
  docker.io:
    mirrors: ["${mirror}"]
`;
  process.stdout.write(`
${lines.join("\n")}

For all clients:
  export PATH=${bed.programs}:$PATH
  export DOCKER_CONFIG=${bed.env["DOCKER_CONFIG"]}
${configuration}
Logs and state: ${bed.dir}
Ctrl-C stops everything.
`);
}
