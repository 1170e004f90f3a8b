import type { Language } from "./compile-command.ts";

/** The stage that a hint is for. */
export interface HintedStage {
  /** Its base as written: `golang:1.24`. */
  readonly base: string;
  /** What its FROM calls it. */
  readonly name: string | undefined;
}

/**
 * How to compile for the target natively, as lines to copy into the Dockerfile. The stage runs on the build platform; the stage that
 * becomes the image keeps no `--platform` and copies the result. Patterns of the languages' own documents, and of tonistiigi/xx for C tool-chains.
 */
export function crossCompileHint(language: Language, { base, name }: HintedStage): string {
  const from = `FROM --platform=$BUILDPLATFORM ${base} AS ${name ?? "build"}`;
  const xx = xxSetUp[base.includes("alpine") ? "apk" : "apt"];
  switch (language) {
    case "go":
      return [
        from,
        "ARG TARGETOS TARGETARCH TARGETVARIANT",
        "RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH GOARM=${TARGETVARIANT#v} go build -o /out/app .",
      ].join("\n");
    case "go-cgo":
      return [xxImage, from, ...xx, "RUN CGO_ENABLED=1 xx-go build -o /out/app . && xx-verify /out/app"].join("\n");
    case "rust":
      return [
        xxImage,
        from,
        ...xx,
        "RUN xx-cargo build --release --target-dir /out && xx-verify /out/$(xx-cargo --print-target-triple)/release/app",
      ].join("\n");
    case "native":
      return [
        xxImage,
        from,
        ...xx,
        "RUN make CC=xx-clang CXX=xx-clang++ && xx-verify ./app",
        "# CMake: cmake $(xx-clang --print-cmake-defines) . - autotools: ./configure --host=$(xx-clang --print-target-triple)",
      ].join("\n");
    case "node":
      return [
        from,
        "ARG TARGETOS TARGETARCH",
        "RUN npm ci --os=$TARGETOS --cpu=$(echo $TARGETARCH | sed s/amd64/x64/)",
        "# For packages with prebuilt binaries; what node-gyp compiles needs a native node: --node PLATFORM=ENDPOINT",
      ].join("\n");
    case "python":
      return [
        "# Take wheels that exist for the platform instead of compiling:",
        "RUN pip install --only-binary=:all: -r requirements.txt",
        "# What has none (on arm/v7 often) needs a native node: --node PLATFORM=ENDPOINT",
      ].join("\n");
    case "java":
      return [from, "# The jar is the same for every platform: build it here, and take a JRE in the final stage."].join(
        "\n",
      );
    case "dotnet":
      return [
        from,
        "ARG TARGETARCH",
        "RUN dotnet restore -a $TARGETARCH && dotnet publish -a $TARGETARCH --no-restore -o /out",
      ].join("\n");
    case "other":
      return [
        from,
        "ARG TARGETOS TARGETARCH",
        "# Cross-compile for $TARGETOS/$TARGETARCH here, or give a native node: --node PLATFORM=ENDPOINT",
      ].join("\n");
  }
}

const xxImage = "FROM --platform=$BUILDPLATFORM tonistiigi/xx AS xx";

/** Lines that install a cross tool-chain, by package manager of the base. */
const xxSetUp = {
  apt: [
    "COPY --from=xx / /",
    "RUN apt-get update && apt-get install -y clang lld",
    "ARG TARGETPLATFORM",
    "RUN xx-apt-get install -y libc6-dev gcc",
  ],
  apk: [
    "COPY --from=xx / /",
    "RUN apk add --no-cache clang lld",
    "ARG TARGETPLATFORM",
    "RUN xx-apk add --no-cache musl-dev gcc",
  ],
} as const;
