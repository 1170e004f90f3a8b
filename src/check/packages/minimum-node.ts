import type { MinimumVersion } from "./minimum-versions.ts";

/** Packages of npm that bring or download a binary. */
export const minimumNode: readonly MinimumVersion[] = (
  [
    {
      name: "node-sass",
      since: "never",
      source: { url: "https://github.com/sass/node-sass/issues/3334", date: "2023-02-14" },
      build: { compilers: ["c++"], headers: [] },
      instead: "Use `sass` (Dart Sass), which is JavaScript.",
    },
    {
      name: "phantomjs-prebuilt",
      since: "never",
      source: {
        url: "https://github.com/Medium/phantomjs/blob/af7ba2a4e3b51f835302fafc0091ed2be6a27e1a/lib/util.js#L100-L104",
        date: "2019-07-23",
      },
      effect: "its installation ends with `Unexpected platform or architecture: linux/arm64`",
      instead: "Use a headless Chromium from the distribution.",
    },
    {
      name: "puppeteer",
      since: "never",
      source: { url: "https://github.com/puppeteer/puppeteer/issues/7740", date: "2025-07-24" },
      effect: "it downloads a Chrome for linux/amd64, as there is none for linux/arm64",
      instead:
        "Install `chromium` from the distribution, and set PUPPETEER_SKIP_DOWNLOAD=true and PUPPETEER_EXECUTABLE_PATH.",
    },
    {
      name: "chromedriver",
      since: "never",
      source: {
        url: "https://github.com/giggio/node-chromedriver/blob/1626911fadfcec7abaca3c127de7867e6cdc6c5a/install.js#L96-L99",
        date: "2026-08-07",
      },
      effect: "it downloads the driver for linux/amd64 on linux/arm64 too",
      instead: "Install `chromium-driver` from the distribution.",
    },
    {
      name: "canvas",
      since: "3.2.4",
      source: {
        url: "https://github.com/Automattic/node-canvas/blob/673d12f8115b3af7b1be76e3ea4671692a76ea92/.github/workflows/publish.yaml",
        date: "2026-08-15",
      },
      build: { compilers: ["c++"], headers: ["libcairo2-dev", "libpango1.0-dev"] },
    },
    {
      name: "cypress",
      since: "10.2.0",
      source: { url: "https://github.com/cypress-io/cypress/pull/22252", date: "2022-06-21" },
      effect: "it downloads a program for linux/amd64",
    },
    {
      name: "sqlite3",
      since: "5.0.4",
      source: { url: "https://github.com/TryGhost/node-sqlite3/commit/122d2b8", date: "2022-04-14" },
      build: { compilers: ["c++"], headers: [] },
    },
    {
      name: "sharp",
      since: "0.25.2",
      source: {
        url: "https://github.com/lovell/sharp/blob/ea5bef24c187b2c7ee3fe3cad3b45c8cb67a46fd/docs/src/content/docs/changelog/v0.25.2.md",
        date: "2020-03-20",
      },
      build: { compilers: ["c++"], headers: ["libvips-dev"] },
    },
    {
      name: "bcrypt",
      since: "5.0.0",
      source: { url: "https://github.com/kelektiv/node.bcrypt.js/commit/41d9ba2", date: "2020-05-27" },
      build: { compilers: ["c++"], headers: [] },
    },
    {
      name: "grpc",
      since: "1.9.1",
      source: { url: "https://github.com/grpc/grpc/issues/14741", date: "2018-03-18" },
      build: { compilers: ["c++"], headers: [] },
      instead: "Use `@grpc/grpc-js`, which is JavaScript.",
    },
    {
      name: "grpc-tools",
      since: "1.12.4",
      source: { url: "https://github.com/grpc/grpc-node/issues/1405", date: "2023-01-17" },
      effect: "its installation ends with a 404 for `linux-arm64.tar.gz`",
    },
    {
      name: "deasync",
      since: "0.1.8",
      source: { url: "https://github.com/abbr/deasync/issues/67", date: "2016-10-01" },
      effect: "its installation ends with `Unsupported (?) architecture: arm64`",
    },
    {
      name: "node-libcurl",
      since: "4.1.1",
      source: { url: "https://github.com/JCMais/node-libcurl/issues/423", date: "2025-04-08" },
      build: { compilers: ["c++"], headers: ["libcurl4-openssl-dev"] },
    },
  ] satisfies Omit<MinimumVersion, "ecosystem">[]
).map((entry): MinimumVersion => ({ ecosystem: "npm", ...entry }));
