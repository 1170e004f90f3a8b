/** How one project names its files for each architecture. */
export interface ProjectSpelling {
  /** Matches the URL or path of its files. */
  readonly project: RegExp;
  /** By OCI's name (`arm64`, `arm/v7`); null where the project has no file for it. Only names of this list are translated. */
  readonly names: Readonly<Record<string, string | null>>;
}

/** A project on GitHub, by OWNER/NAME; several are separated by blanks. */
function projects(names: string): RegExp {
  return new RegExp(`(?:${names.trim().replaceAll("/", "\\/").split(/\s+/).join("|")})\\/releases`, "i");
}

/**
 * Projects that do not follow the family that their name of amd64 is in. Without another source in its comment an entry is what the aqua registry
 * (https://github.com/aquaproj/aqua-registry, 4d86e12, 2026-08-22) has of the project's releases; it is checked by machine against them.
 */
export const projectSpellings: readonly ProjectSpelling[] = [
  {
    project: projects(
      "KhronosGroup/KTX-Software a8m/envsubst akiomik/mado alexpasmantier/television anomalyco/opencode aws/aws-sam-cli bazelbuild/bazel " +
        "benbjohnson/litestream borgbackup/borg cloudflare/pint dahlia/seonbi dotenvx/dotenvx equinix-labs/otel-cli exercism/cli getgauge/gauge " +
        "godotengine/godot grpc-ecosystem/grpc-gateway hadolint/hadolint houseabsolute/ubi neovim/neovim nickel-lang/nickel okteto/okteto " +
        "orf/gping pamburus/hl particledecay/kconf purpleclay/dns53 qarmin/czkawka rest-sh/restish sachaos/viddy sourcemeta/jsonschema str4d/rage " +
        "tilt-dev/ctlptl tilt-dev/tilt tmux/tmux-builds tstack/lnav whalebrew/whalebrew yassinebridi/serpl zaghaghi/openapi-tui",
    ),
    names: { amd64: "x86_64", arm64: "arm64" },
  },
  {
    project: projects(
      "apple/pkl fastfetch-cli/fastfetch fish-shell/fish-shell spinframework/spin wasmerio/wapm-cli wasmerio/wasmer duckdb/duckdb",
    ),
    names: { amd64: "amd64", arm64: "aarch64" },
  },
  {
    project: projects("oven-sh/bun erebe/wstunnel printfn/fend timvisee/ffsend yaml/yamlscript"),
    names: { amd64: "x64", arm64: "aarch64" },
  },
  {
    project: projects(
      "metalbear-co/mirrord mrjackwills/oxker trzsz/trzsz-go trzsz/trzsz-ssh version-fox/vfox tektoncd/cli swaggo/swag evilmartians/lefthook",
    ),
    names: { amd64: "x86_64", arm64: "aarch64" },
  },
  {
    project: projects(
      "iyear/tdl peak/s5cmd vmware-archive/octant arttor/helmify bensadeh/tailspin vale-cli/vale ory/hydra",
    ),
    names: { amd64: "64bit", arm64: "arm64" },
  },
  { project: projects("bensadeh/tailspin vale-cli/vale arttor/helmify"), names: { amd64: "64-bit", arm64: "arm64" } },
  // https://github.com/protocolbuffers/protobuf/releases
  {
    project: /protoc-[^/]*linux-|(?:protocolbuffers|google)\/protobuf\/releases/,
    names: { amd64: "x86_64", arm64: "aarch_64", ppc64le: "ppcle_64", s390x: "s390_64", "386": "x86_32" },
  },
  // https://github.com/aquasecurity/trivy/releases, https://github.com/goodwithtech/dockle/releases
  {
    project: /trivy_|dockle_|aquasecurity\/trivy/,
    names: { amd64: "64bit", arm64: "ARM64", "arm/v7": "ARM", ppc64le: "PPC64LE", s390x: "s390x" },
  },
  // https://github.com/jqlang/jq/releases: before 1.7 there is no file for Arm.
  { project: /\bjq-1\.[0-6]\b/, names: { amd64: "linux64", arm64: null, "arm/v7": null } },
  // https://github.com/jqlang/jq/releases: from 1.7 on every architecture has a file, jq-linux64 stays as an old name.
  {
    project: /\bjq-|(?:jqlang|stedolan)\/jq/,
    names: { amd64: "linux64", arm64: "linux-arm64", "arm/v7": "linux-armhf" },
  },
  // https://github.com/mozilla/geckodriver/releases
  { project: /geckodriver/, names: { amd64: "linux64", arm64: "linux-aarch64" } },
  // Firefox has os=linux64-aarch64 (found in the scripts of https://github.com/SeleniumHQ/docker-selenium, 2026-08).
  { project: /download\.mozilla\.org/, names: { amd64: "linux64", arm64: "linux64-aarch64" } },
  // https://googlechromelabs.github.io/chrome-for-testing/: linux64, mac and Windows alone.
  { project: /chromedriver|chrome-for-testing/, names: { amd64: "linux64", arm64: null } },
  // https://github.com/BtbN/FFmpeg-Builds/releases
  { project: /BtbN\/FFmpeg-Builds/, names: { amd64: "linux64", arm64: "linuxarm64" } },
  // https://bitbucket.org/ariya/phantomjs/downloads/: i686 and x86_64 alone; the project has ended.
  { project: /phantomjs/, names: { amd64: "x86_64", arm64: null } },
  // https://cloud.google.com/sdk/docs/downloads-versioned-archives: the file for arm64 ends in -linux-arm.
  { project: /google-cloud-(?:sdk|cli)-/, names: { amd64: "x86_64", arm64: "arm" } },
  // https://docs.aws.amazon.com/systems-manager/latest/userguide/install-plugin-debian-and-ubuntu.html
  { project: /session-manager-downloads/, names: { amd64: "64bit", arm64: "arm64" } },
  // https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/install-sam-cli.html
  { project: /aws-sam-cli-linux/, names: { amd64: "x86_64", arm64: "arm64" } },
  // https://docs.nvidia.com/cuda/cuda-installation-guide-linux/: servers with Arm are "sbsa".
  { project: /developer\.download\.nvidia\.com\/compute\/cuda/, names: { amd64: "x86_64", arm64: "sbsa" } },
  // JDKs: https://adoptium.net/temurin/releases/, https://docs.aws.amazon.com/corretto/latest/corretto-17-ug/downloads-list.html,
  // https://www.azul.com/downloads/, https://jdk.java.net/, https://learn.microsoft.com/java/openjdk/download, https://bell-sw.com/pages/downloads/
  {
    project:
      /OpenJDK\w*-(?:jdk|jre)|(?:adoptium|AdoptOpenJDK|ibmruntimes)\/|corretto|zulu|java\.net\/java|openjdk-[\d.]+_linux|microsoft-jdk|sapmachine/i,
    names: { amd64: "x64", arm64: "aarch64" },
  },
  { project: /bellsoft-|graalvm-(?:ce|jdk|community)/, names: { amd64: "amd64", arm64: "aarch64" } },
  // https://julialang.org/downloads/
  { project: /julialang/, names: { amd64: "x64", arm64: "aarch64" } },
  // https://github.com/microsoft/onnxruntime/releases
  { project: /onnxruntime/, names: { amd64: "x64", arm64: "aarch64" } },
  // https://www.elastic.co/downloads/beats: Beats and the agent have arm64 beside x86_64, Elasticsearch and Kibana aarch64.
  { project: /artifacts\.elastic\.co\/downloads\/(?:beats|apm-server)/, names: { amd64: "x86_64", arm64: "arm64" } },
  // https://www.mongodb.com/try/download/database-tools
  { project: /mongodb-database-tools-(?:ubuntu|debian)|mongosh/, names: { amd64: "x86_64", arm64: "arm64" } },
  // https://github.com/babashka/babashka/releases, https://github.com/clj-kondo/clj-kondo/releases
  { project: /babashka|clj-kondo/, names: { amd64: "amd64", arm64: "aarch64" } },
  // https://github.com/wal-g/wal-g/releases
  { project: /wal-g\/wal-g/, names: { amd64: "amd64", arm64: "aarch64" } },
  // https://github.com/cloudfoundry/cli: packages.cloudfoundry.org/stable?release=linuxarm64-binary
  { project: /packages\.cloudfoundry\.org/, names: { amd64: "linux64", arm64: "linuxarm64" } },
  // https://github.com/just-containers/s6-overlay/releases: amd64 until version 2, x86_64 since version 3; aarch64 always.
  { project: /s6-overlay/, names: { amd64: "amd64", arm64: "aarch64", "arm/v7": "armhf" } },
  // https://github.com/buildpacks/lifecycle/releases
  { project: /buildpacks\/lifecycle/, names: { amd64: "x86-64", arm64: "arm64" } },
  // https://github.com/Yelp/dumb-init/releases: the bare programs have the kernel's names, the packages Debian's.
  { project: /dumb-init_[\d.]+_amd64$/, names: { amd64: "amd64", arm64: "aarch64" } },
];
