import { Command, Option } from "commander";
import type { CliContext } from "./context.ts";

/** The options of `archway build` as commander hands them over: texts, unchecked; {@link readBuildOptions} makes them typed. */
export interface RawBuildOptions {
  readonly tag: readonly string[];
  readonly file?: string;
  readonly platform: readonly string[];
  readonly buildArg: readonly string[];
  readonly target?: string;
  readonly secret: readonly string[];
  readonly ssh: readonly string[];
  readonly label: readonly string[];
  readonly annotation: readonly string[];
  readonly buildContext: readonly string[];
  readonly cacheFrom: readonly string[];
  readonly cacheTo: readonly string[];
  /** False with `--no-cache`. */
  readonly cache: boolean;
  readonly pull: boolean;
  readonly push: boolean;
  readonly load: boolean;
  readonly output: readonly string[];
  readonly metadataFile?: string;
  readonly progress: string;
  readonly provenance?: string;
  readonly sbom?: string;
  readonly plan: boolean;
  readonly engine?: string;
  readonly node: readonly string[];
  readonly nativeOnly: boolean;
  readonly allowMissing: readonly string[];
  /** False with `--no-verify`. */
  readonly verify: boolean;
  readonly format: string;
  readonly insecureRegistry: readonly string[];
  readonly emulatedCpu?: string;
  readonly jobs?: string;
  readonly config?: string;
}

/** An option that may be given several times; its value is the list of what was given. */
function repeatable(flags: string, description: string): Option {
  return new Option(flags, description)
    .default([])
    .argParser((value: string, before: readonly string[]) => [...before, value]);
}

/** A switch. */
function toggle(flags: string, description: string): Option {
  return new Option(flags, description).default(false);
}

const options: Readonly<Record<string, readonly Option[]>> = {
  "What to build:": [
    new Option("-f, --file <file>", "Dockerfile (CONTEXT/Dockerfile); - reads it from standard input"),
    repeatable("--platform <list>", "platforms, separated by commas: linux/amd64,linux/arm64,linux/arm/v7"),
    repeatable("--build-arg <key=value>", "build argument; KEY alone takes its value from the environment"),
    new Option("--target <stage>", "stage to build"),
    repeatable("--build-context <name=value>", "additional context: folder, Git URL, docker-image://REFERENCE"),
    repeatable("--secret <spec>", "secret for RUN --mount=type=secret: id=ID[,src=FILE|,env=VARIABLE]"),
    repeatable("--ssh <spec>", "SSH agent or key for RUN --mount=type=ssh: default or ID[=SOCKET|KEY[,KEY]]"),
    repeatable("--label <key=value>", "label of the image"),
    repeatable(
      "--annotation <key=value>",
      "annotation of each manifest; [index|manifest|manifest-descriptor][[PLATFORM]]:KEY=VALUE puts it elsewhere",
    ),
    new Option("--provenance <value>", "provenance attestation: true, false, mode=min or mode=max"),
    new Option("--sbom <value>", "software bill of materials: true, false or generator=IMAGE"),
  ],
  "Where it goes:": [
    repeatable("-t, --tag <reference>", "name of the image, HOST/REPOSITORY:TAG"),
    toggle("--push", "publish to the registries of the tags; same as --output type=registry"),
    toggle(
      "--load",
      "load the image into the local engine (of several platforms, this machine's); same as --output type=docker",
    ),
    repeatable(
      "-o, --output <spec>",
      "type=oci,dest=FILE[,tar=false] · type=docker[,dest=FILE] · type=local,dest=DIR · type=tar,dest=FILE · type=image,name=REPOSITORY,push-by-digest=true,push=true",
    ),
    new Option("--metadata-file <file>", "write digests and build facts to this JSON file"),
    repeatable(
      "--allow-missing <platform>",
      "publish without this platform when it cannot be built, and say so in an annotation",
    ),
    new Option("--no-verify", "publish without the proof of the architecture gate"),
  ],
  "How it is built:": [
    toggle("--plan", "show what would be built, where and how, and build nothing"),
    new Option("--engine <name>", "build engine: auto (default), buildkit, buildx or buildah"),
    repeatable("--node <platform=endpoint>", "build a platform on another machine"),
    toggle("--native-only", "refuse to emulate"),
    new Option(
      "--emulated-cpu <model>",
      "CPU model of QEMU for emulated steps (arm64: max,pauth-impdef=on); the word default leaves QEMU's own",
    ),
    new Option("--jobs <n>", "platforms that build at the same time"),
    repeatable("--cache-from <spec>", "cache to read: REFERENCE, type=registry,ref=REFERENCE, type=local,src=DIR"),
    repeatable(
      "--cache-to <spec>",
      "cache to write: REFERENCE, type=registry,ref=REFERENCE,mode=max, type=local,dest=DIR",
    ),
    new Option("--no-cache", "use no cache"),
    toggle("--pull", "ask for newer base images"),
    repeatable("--insecure-registry <host>", "allow plain HTTP to this registry"),
    new Option("--config <file>", "configuration (.archway.yaml of the repository)"),
  ],
  "What is shown:": [
    new Option("--progress <type>", "auto (default), tty, plain, json or quiet").default("auto"),
    new Option("--format <format>", "text (default) or json").default("text"),
  ],
};

/** `archway build`. */
export function defineCommand(context: CliContext, done: (exitCode: number) => void): Command {
  const command = new Command("archway build")
    .summary("build, prove and publish one image tag for several platforms")
    .description(
      "Build a Dockerfile for several platforms, prove that each result is what it claims to be, and publish it under one tag.\n" +
        "Flags carry the names and meanings of docker buildx build.",
    )
    .argument(
      "[CONTEXT]",
      "folder, Git URL (URL#REF:FOLDER), or - for a tar on standard input; the current folder when not given",
    );
  for (const [group, members] of Object.entries(options)) {
    for (const option of members) command.addOption(option.helpGroup(group));
  }
  return command.action(async (contextArg: string | undefined, raw: RawBuildOptions) => {
    const { readBuildOptions } = await import("./build-options.ts");
    const { resolveSecrets } = await import("./parse-secret.ts");
    const named = [...raw.platform, ...raw.allowMissing].join(",").split(",");
    const { localPlatform } = await import("./local-platform.ts");
    const local = named.includes("local") ? await localPlatform(context) : undefined;
    const options = readBuildOptions(raw, context.env, local);
    const secrets = await resolveSecrets(options.secrets, context.cwd);
    const { runBuild } = await import("./build.ts");
    done(await runBuild(context, contextArg, { ...options, secrets }));
  });
}
