import type { Asset } from "./assets.ts";

/** An entry for a project whose releases the aqua registry (https://github.com/aquaproj/aqua-registry, 4d86e12, 2026-08-22) describes per platform and version. */
function released(project: string, name: string, url: RegExp, instead: string): Asset {
  return {
    name,
    url,
    runsOn: "amd64",
    instead,
    certain: true,
    source: `aqua-registry 4d86e12 (2026-08-22): pkgs/${project}`,
  };
}

/** Files of projects that the registry has for amd64 under a name without it. */
export const aquaAssets: readonly Asset[] = [
  released(
    "jqlang/jq",
    "jq-linux",
    /(?:stedolan|jqlang)\/jq\/releases\/.*\/jq-linux$/,
    "From 1.7 on there is jq-linux-arm64; most distributions have a package jq.",
  ),
  released(
    "stoplightio/spectral",
    "spectral-linux",
    /stoplightio\/spectral\/releases\/.*\/spectral-(?:linux|alpine)$/,
    "From 6.6.1 on there are spectral-linux-x64 and spectral-linux-arm64.",
  ),
  released(
    "openfaas/faas-cli",
    "faas-cli",
    /openfaas\/faas-cli\/releases\/.*\/faas-cli$/,
    "There is faas-cli-arm64 beside it.",
  ),
  released("k3s-io/k3s", "k3s", /(?:k3s-io|rancher)\/k3s\/releases\/.*\/k3s$/, "There is k3s-arm64 beside it."),
  released(
    "alexellis/arkade",
    "arkade",
    /alexellis\/arkade\/releases\/.*\/arkade$/,
    "There is arkade-arm64 beside it.",
  ),
  released("alexellis/k3sup", "k3sup", /alexellis\/k3sup\/releases\/.*\/k3sup$/, "There is k3sup-arm64 beside it."),
  released(
    "inlets",
    "inlets",
    /inlets\/(?:inlets|inlets-pro|inletsctl|mixctl)\/releases\/.*\/(?:inlets|inlets-pro|inletsctl|mixctl)(?:\.tgz)?$/,
    "There is a file with -arm64 beside it.",
  ),
  released(
    "snyk/cli",
    "the Snyk CLI",
    /(?:snyk\/(?:cli|snyk)\/releases\/.*|snyk\.io\/cli\/[^/]+)\/snyk-(?:linux|alpine)$/,
    "From 1.851 on there is snyk-linux-arm64.",
  ),
  released(
    "getsops/sops",
    "SOPS before 3.7.2",
    /(?:mozilla|getsops)\/sops\/releases\/.*\/sops-v?[\d.]*[^/]*\.linux$/,
    "From 3.7.2 on there is sops-VERSION.linux.arm64.",
  ),
  released(
    "buildpacks/pack",
    "pack",
    /buildpacks\/pack\/releases\/.*\/pack-[^/]*linux\.tgz$/,
    "From 0.24.2 on there is pack-VERSION-linux-arm64.tgz.",
  ),
  released(
    "stackrox/kube-linter",
    "kube-linter",
    /stackrox\/kube-linter\/releases\/.*\/kube-linter-linux(?:\.tar\.gz)?$/,
    "From 0.6.8 on there is kube-linter-linux_arm64.",
  ),
  released(
    "stackrox/stackrox",
    "roxctl",
    /mirror\.openshift\.com\/pub\/rhacs\/.*\/bin\/[Ll]inux\/roxctl$/,
    "From 4.4.9 on there is roxctl-arm64.",
  ),
  released(
    "cloud-hypervisor",
    "cloud-hypervisor",
    /cloud-hypervisor\/cloud-hypervisor\/releases\/.*\/(?:cloud-hypervisor|cloud-hypervisor-static|ch-remote|ch-remote-static)$/,
    "There is cloud-hypervisor-static-aarch64 beside it.",
  ),
  released("sclevine/yj", "yj", /sclevine\/yj\/releases\/.*\/yj-linux$/, "From 5.0 on there is yj-linux-arm64."),
  released(
    "ninja-build/ninja",
    "ninja",
    /ninja-build\/ninja\/releases\/.*\/ninja-linux\.zip$/,
    "From 1.12 on there is ninja-linux-aarch64.zip; distributions have a package ninja-build.",
  ),
  released("Schniz/fnm", "fnm", /Schniz\/fnm\/releases\/.*\/fnm-linux\.zip$/, "There is fnm-arm64.zip beside it."),
  released(
    "volta-cli/volta",
    "Volta",
    /volta-cli\/volta\/releases\/.*\/volta-[^/]*linux(?:-openssl-[\d.]+)?\.tar\.gz$/,
    "From 1.1.2 on there is volta-VERSION-linux-arm.tar.gz.",
  ),
  released(
    "bitwarden/clients",
    "the Bitwarden CLI",
    /bitwarden\/(?:clients|cli)\/releases\/.*\/bw-linux-[^/]*\.zip$/,
    "The newest versions have bw-linux-arm64-VERSION.zip; else take the npm package @bitwarden/cli.",
  ),
  released(
    "loeffel-io/ls-lint",
    "ls-lint",
    /loeffel-io\/ls-lint\/releases\/.*\/ls-lint-linux$/,
    "From 1.10 on there is ls-lint-linux-arm64.",
  ),
  released(
    "webdevops/go-crond",
    "go-crond",
    /webdevops\/go-crond\/releases\/.*\/go-crond-64-linux(?:-dynamic)?$/,
    "From 0.2.1 on there is go-crond-arm64-linux.",
  ),
  released(
    "linkerd/linkerd2",
    "the Linkerd CLI before 2.8.2",
    /linkerd\/linkerd2\/releases\/.*\/linkerd2-cli-[^/]*-linux$/,
    "Later versions have linkerd2-cli-VERSION-linux-arm64.",
  ),
  released(
    "fission/fission",
    "the Fission CLI",
    /fission\/fission\/releases\/.*\/fission-cli-linux$/,
    "Later versions have fission-VERSION-linux-arm64.",
  ),
  released(
    "github/gh-ost",
    "gh-ost before 1.1.5",
    /github\/gh-ost\/releases\/.*\/gh-ost-binary-linux-\d+\.tar\.gz$/,
    "Later versions have gh-ost-binary-linux-arm64-DATE.tar.gz.",
  ),
  released(
    "pivotal-cf/om",
    "om",
    /pivotal-cf\/om\/releases\/.*\/om-linux(?:-[\d.]+(?:\.tar\.gz)?)?$/,
    "Later versions have om-linux-arm64-VERSION.",
  ),
  released(
    "google/jsonnet",
    "jsonnet",
    /google\/jsonnet\/releases\/.*\/jsonnet-bin-[^/]*-linux\.tar\.gz$/,
    "google/go-jsonnet has files for arm64; distributions have a package jsonnet.",
  ),
  released(
    "kreuzwerker/envplate",
    "envplate",
    /kreuzwerker\/envplate\/releases\/.*\/ep-linux$/,
    "Later versions have files for arm64.",
  ),
  released(
    "kyma-project/cli",
    "the Kyma CLI",
    /kyma-project\/cli\/releases\/.*\/kyma-linux$/,
    "Later versions have kyma_Linux_arm64.tar.gz.",
  ),
  released(
    "firebase/firebase-tools",
    "the Firebase CLI",
    /firebase\/firebase-tools\/releases\/.*\/firebase-tools-linux$|firebase\.tools\/bin\/linux\//,
    "Install the npm package firebase-tools.",
  ),
  released(
    "kahing/goofys",
    "goofys",
    /kahing\/goofys\/releases\/.*\/goofys$/,
    "There is no file for arm64: build it with go install.",
  ),
  released(
    "firecracker-microvm/firectl",
    "firectl",
    /firecracker-microvm\/firectl\/releases\/.*\/firectl(?:-v[\d.]+)?$/,
    "There is no file for arm64: build it with go install.",
  ),
  released(
    "firecow/gitlab-ci-local",
    "gitlab-ci-local",
    /firecow\/gitlab-ci-local\/releases\/.*\/linux\.gz$/,
    "Install the npm package gitlab-ci-local.",
  ),
  released(
    "kubescape/kubescape",
    "kubescape",
    /(?:kubescape|armosec)\/kubescape\/releases\/.*\/kubescape-ubuntu-latest(?:\.tar\.gz)?$/,
    "There is kubescape-arm64-ubuntu-latest beside it.",
  ),
  released(
    "itaysk/kubectl-neat",
    "kubectl-neat",
    /itaysk\/kubectl-neat\/releases\/.*\/kubectl-neat_linux\.tar\.gz$/,
    "From 2.0.3 on there is kubectl-neat_linux_arm64.tar.gz.",
  ),
  released(
    "JohnnyMorganz/StyLua",
    "StyLua",
    /JohnnyMorganz\/StyLua\/releases\/.*\/stylua-(?:[\d.]+-)?linux\.zip$/,
    "From 0.14.4 on there is stylua-linux-aarch64.zip.",
  ),
  released(
    "artempyanykh/marksman",
    "marksman",
    /artempyanykh\/marksman\/releases\/.*\/marksman-linux$/,
    "Later versions have marksman-linux-arm64.",
  ),
  released(
    "realm/SwiftLint",
    "SwiftLint",
    /realm\/SwiftLint\/releases\/.*\/swiftlint_linux\.zip$/,
    "From 0.59.2 on there is swiftlint_linux_arm64.zip.",
  ),
  released(
    "WebAssembly/wabt",
    "WABT",
    /WebAssembly\/wabt\/releases\/.*\/wabt-[^/]*-(?:ubuntu|linux)[^/]*\.tar\.gz$/,
    "Distributions have a package wabt.",
  ),
  released(
    "rust-lang/rust-analyzer",
    "rust-analyzer before 2021",
    /rust-(?:analyzer|lang)\/rust-analyzer\/releases\/.*\/(?:rust-analyzer|ra_lsp_server)-linux(?:\.gz)?$/,
    "Later versions have rust-analyzer-aarch64-unknown-linux-gnu.gz.",
  ),
  released(
    "mintoolkit/mint",
    "mint (docker-slim)",
    /(?:slimtoolkit\/slim|docker-slim\/docker-slim|mintoolkit\/mint)\/releases\/.*\/dist_linux\.tar\.gz$|downloads\.dockerslim\.com\/.*\/dist_linux\.tar\.gz$/,
    "There is dist_linux_arm64.tar.gz beside it.",
  ),
  released(
    "KhronosGroup/KTX-Software",
    "KTX-Software",
    /KhronosGroup\/KTX-Software\/releases\/.*\/KTX-Software-[\d.]+-Linux\.(?:tar\.bz2|deb|rpm|sh)$/,
    "Later versions have KTX-Software-VERSION-Linux-arm64.tar.bz2.",
  ),
  released(
    "SonarSource/sonar-scanner-cli",
    "sonar-scanner before 6.1",
    /sonar-scanner-cli-[\d.]+-linux\.zip$/,
    "From 6.2 on there is sonar-scanner-cli-VERSION-linux-aarch64.zip; the file without -linux brings no JRE and runs everywhere.",
  ),
];
