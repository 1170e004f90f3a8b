import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { type Figure, mediansOf, timeProcess } from "./measure.ts";
import { watch } from "./peak-memory.ts";
import { installBundle } from "./startup.ts";

const root = resolve(import.meta.dirname, "..");
const rounds = 5;
const fileCount = 10_000;

/** How quickly `archway check` reads a repository of 10,000 files and a single Dockerfile, whole processes, the latter also installed and against `node -e 0`. */
export async function measureCheck(): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), "archway-check-"));
  try {
    const large = join(folder, "large");
    const small = join(folder, "small");
    writeRepository(large);
    writeFiles(small, { Dockerfile: dockerfileOf("app") });
    return await measure(large, small, installBundle(join(folder, "installed")));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function measure(large: string, small: string, installed: string): Promise<Figure[]> {
  const program = join(root, "bin", "archway");
  const args = (folder: string) => ["check", "--offline", "--format", "json", folder];
  // Nothing breaks in them: a finding would be an exit code, and end the benchmark.
  const check = (folder: string) => () => timeProcess(program, args(folder));
  const env = { ...process.env, PATH: `${dirname(process.execPath)}:${process.env["PATH"]}` };
  const medians = await mediansOf(
    {
      node: () => timeProcess(process.execPath, ["-e", "0"]),
      large: check(large),
      small: () => timeProcess(installed, args(small), env),
      checkout: check(small),
    },
    rounds,
  );
  const { peak } = await watch(program, args(large), { cwd: large, env: process.env });
  return [
    { name: `archway check, ${fileCount} files`, value: medians.large / 1000, unit: "s", below: 2 },
    { name: `memory for ${fileCount} files`, value: peak / 1e6, unit: "MB", below: 300 },
    {
      name: "the installed bundle's archway check, a Dockerfile, beyond 1.5 times node -e 0",
      value: (medians.small - 1.5 * medians.node) / 1000,
      unit: "s",
      detail: `${medians.small.toFixed(0)} ms against ${medians.node.toFixed(0)} ms`,
      below: 0.1,
    },
    { name: "archway check from a checkout, a Dockerfile", value: medians.checkout / medians.node, unit: "times" },
  ];
}

/** A repository as large ones are: services with their Dockerfile, Makefile, script, chart and CI, and very many source files. */
function writeRepository(folder: string): void {
  const services = 60;
  let written = 0;
  for (let service = 0; service < services; service += 1) {
    const name = `service${service}`;
    const files: Record<string, string> = {
      Dockerfile: dockerfileOf(name),
      Makefile: `ARCH ?= $(shell go env GOARCH)\nimage:\n\tdocker build --build-arg ARCH=$(ARCH) -t ${name} .\n`,
      ".dockerignore": "*\n!src\n!bin\n",
      "hack/install.sh": 'set -eu\ncase "$(uname -m)" in x86_64) A=amd64 ;; aarch64) A=arm64 ;; esac\necho "$A"\n',
      "deploy/app.yaml": `apiVersion: v1\nkind: Pod\nmetadata: {name: ${name}}\nspec:\n  containers:\n    - {name: a, image: "${name}:1"}\n`,
      "go.mod": `module example.org/${name}\n`,
    };
    writeFiles(join(folder, name), files);
    written += Object.keys(files).length;
    const sources = Math.ceil((fileCount - written) / (services - service));
    for (let index = 0; index < sources; index += 1) {
      const path = `src/package${index % 20}/file${index}.go`;
      writeFiles(join(folder, name), { [path]: `package p\n\nfunc F${index}() int { return ${index} }\n`.repeat(20) });
    }
    written += sources;
  }
}

function dockerfileOf(name: string): string {
  return `FROM --platform=$BUILDPLATFORM golang:1.22 AS build
ARG TARGETOS TARGETARCH
WORKDIR /src
COPY . .
RUN GOOS=$TARGETOS GOARCH=$TARGETARCH go build -o /out/${name} ./src
FROM alpine:3.20
RUN apk add --no-cache curl && \\
    curl -fsSL "https://example.org/tool-linux-$(uname -m).tar.gz" | tar -xz -C /usr/local/bin
COPY --from=build /out/${name} /usr/local/bin/${name}
ENTRYPOINT ["/usr/local/bin/${name}"]
`;
}

function writeFiles(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    const target = join(folder, path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, text);
  }
}
