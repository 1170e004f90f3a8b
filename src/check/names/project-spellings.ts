/** How one project names its files for each architecture. */
export interface ProjectSpelling {
  /** Matches the URL or path of its files. */
  readonly project: RegExp;
  /** By OCI's name (`arm64`, `arm/v7`); null where the project has no file for it. */
  readonly names: Readonly<Record<string, string | null>>;
}

/**
 * Projects that do not follow the family that their name of amd64 is in. Each name is as on the project's release page (looked at where the URL
 * in the comment says; names that follow the family are not listed).
 */
export const projectSpellings: readonly ProjectSpelling[] = [
  // https://github.com/protocolbuffers/protobuf/releases
  {
    project: /protoc-[\d.]+[^/]*-linux-x86_64|protocolbuffers\/protobuf|google\/protobuf/,
    names: { amd64: "x86_64", arm64: "aarch_64", ppc64le: "ppcle_64", s390x: "s390_64", "386": "x86_32" },
  },
  // https://github.com/aquasecurity/trivy/releases
  {
    project: /trivy_[^/]*Linux-64bit|aquasecurity\/trivy/,
    names: { amd64: "64bit", arm64: "ARM64", "arm/v7": "ARM", ppc64le: "PPC64LE", s390x: "s390x" },
  },
  // https://github.com/jqlang/jq/releases: from 1.7 on every architecture has a file, jq-linux64 stays as an old name.
  {
    project: /\bjq-linux64|(?:jqlang|stedolan)\/jq/,
    names: { amd64: "linux-amd64", arm64: "linux-arm64", "arm/v7": "linux-armhf" },
  },
  // https://github.com/mozilla/geckodriver/releases
  { project: /geckodriver/, names: { amd64: "linux64", arm64: "linux-aarch64" } },
  // https://googlechromelabs.github.io/chrome-for-testing/
  { project: /chromedriver|chrome-for-testing/, names: { arm64: null } },
  // https://github.com/gohugoio/hugo/releases: the old name of amd64 was Linux-64bit, that of arm64 Linux-ARM64.
  { project: /hugo_[^/]*Linux-64bit/, names: { amd64: "64bit", arm64: "ARM64" } },
  // https://github.com/krallin/tini/releases
  {
    project: /krallin\/tini/,
    names: { amd64: "amd64", arm64: "arm64", "arm/v7": "armhf", ppc64le: "ppc64le", s390x: "s390x" },
  },
  // https://github.com/upx/upx/releases
  { project: /\bupx-[^/]*amd64_linux/, names: { amd64: "amd64", arm64: "arm64", "arm/v7": "arm" } },
];
