import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { formatPlatform } from "../platform/platform.ts";
import { explainText } from "./explain.ts";

/** Wordings of one cause by different programs and versions, and what the log is to be explained by: a code, with a platform where the log tells one. */
const logs: Readonly<Record<string, { readonly log: string; readonly explained: readonly string[] }>> = {
  "Podman's list of what every registry said": {
    log: `STEP 1: FROM tool
Error: error creating build container: The following failures happened while trying to pull image specified by "tool" based on search registries in /etc/containers/registries.conf:
* "localhost/tool": Error initializing source docker://localhost/tool:latest: error pinging docker registry localhost: Get "https://localhost/v2/": dial tcp [::1]:443: connect: connection refused
* "docker.io/library/tool": Error choosing an image from manifest list docker://tool:latest: no image found in manifest list for architecture arm, variant "", OS linux`,
    explained: ["E51 linux/arm/v7"],
  },
  "a crash in a step that BuildKit names with its platform": {
    log: `#12 [linux/arm64 3/4] RUN apt-get install -y curl
#12 83.97 Segmentation fault (core dumped)
#12 83.97 dpkg: error processing package libc-bin (--configure):
#12 83.97  installed libc-bin package post-installation script subprocess returned error exit status 139
#12 ERROR: process "/bin/sh -c apt-get install -y curl" did not complete successfully: exit code: 100`,
    explained: ["E12 linux/arm64"],
  },
  "the loader of sharp before 0.33": {
    log: `Error:
Something went wrong installing the "sharp" module

Cannot find module '../build/Release/sharp-linuxmusl-x64.node'
Require stack:
- /app/node_modules/sharp/lib/sharp.js`,
    explained: ["E35"],
  },
  "Rollup on a CPU that it has no build for": {
    log: `Error: Your current platform "linux" and architecture "arm" combination is not yet supported by the native Rollup build. Please use the WASM build "@rollup/wasm-node" instead.`,
    explained: ["E62 linux/arm/v7"],
  },
  "a bundler that breaks its message before the name": {
    log: `#10 8.855 @parcel/transformer-css: Could not resolve module
#10 8.855 "/app/node_modules/lightningcss/lightningcss.linux-x64-gnu.node" from "/app/node_modules/lightningcss/node/index.js"`,
    explained: ["E62 linux/amd64"],
  },
  "a package for another operating system alone": {
    log: `npm error code EBADPLATFORM
npm error notsup Unsupported platform for fsevents@2.3.3: wanted {"os":"darwin"} (current: {"os":"linux"})
npm error notsup Valid os:   darwin`,
    explained: [],
  },
  "a configuration file with a platform in its name": {
    log: "Error: Cannot find module './config/linux-x64-settings.json'",
    explained: [],
  },
  "apk fetches the lists of an architecture that lacks the package": {
    log: `#18 0.403 fetch https://dl-cdn.alpinelinux.org/alpine/v3.16/main/armhf/APKINDEX.tar.gz
#18 2.234 ERROR: unable to select packages:
#18 2.323   p7zip (no such package):
#18 2.323     required by: world[p7zip]`,
    explained: ["E37 linux/arm/v6"],
  },
  "apk fetches the lists of amd64": {
    log: `#18 0.403 fetch https://dl-cdn.alpinelinux.org/alpine/v3.16/main/x86_64/APKINDEX.tar.gz
#18 2.234 ERROR: unable to select packages:
#18 2.323   p8zip (no such package):
#18 2.323     required by: world[p8zip]`,
    explained: [],
  },
  "apko locks packages for several architectures": {
    log: `Error: failed to build image components: locking config: resolving apk packages: for arch "arm64": solving "uv" constraint:   uv-0.8.21-r0.apk disqualified because package "uv-0.8.21-r0.apk" not available for arch "arm/v7"`,
    explained: ["E37 linux/arm/v7"],
  },
  "Maven remembers that it did not find a program": {
    log: `[ERROR] Failed to execute goal com.github.os72:protoc-jar-maven-plugin:3.9.2:run (default) on project api: Error resolving artifact: com.google.protobuf:protoc:exe:linux-aarch_64:3.3.0: Failure to find com.google.protobuf:protoc:exe:linux-aarch_64:3.3.0 in https://repo.maven.apache.org/maven2 was cached in the local repository`,
    explained: ["E60 linux/arm64"],
  },
  "a step whose number and leading space somebody has stripped": {
    log: `> [linux/arm64 builder 6/6] RUN npm ci:
qemu: uncaught target signal 4 (Illegal instruction) - core dumped`,
    explained: ["E13 linux/arm64"],
  },
  "a builder that does not answer": {
    log: `+ buildx build --platform=linux/arm64 -t tool --push .
Error: failed to get status: rpc error: code = Unavailable desc = timed out waiting for server handshake`,
    explained: ["E39 linux/arm64"],
  },
  "signatures of Ubuntu's ports": {
    log: `Step 6/15 : RUN apt-get update
 ---> Running in 904bbf271c2b
Err:1 http://ports.ubuntu.com/ubuntu-ports focal InRelease
  At least one invalid signature was encountered.
E: The repository 'http://ports.ubuntu.com/ubuntu-ports focal InRelease' is not signed.`,
    explained: ["E17"],
  },
  "a key that is not there": {
    log: `W: GPG error: https://deb.nodesource.com/node_16.x bullseye InRelease: The following signatures couldn't be verified because the public key is not available: NO_PUBKEY 1655A0AB68576280
E: The repository 'https://deb.nodesource.com/node_16.x bullseye InRelease' is not signed.`,
    explained: [],
  },
  "what a test expects": {
    log: `  ● runs › foreign binaries

    expect(received).toThrow("exec format error")

    Expected substring: "exec format error"
    Received message:   "exec format error "`,
    explained: [],
  },
  "node-sass looks for a binary that was never made": {
    log: `Downloading binary from https://github.com/sass/node-sass/releases/download/v4.14.1/linux-arm64-83_binding.node
Cannot download "https://github.com/sass/node-sass/releases/download/v4.14.1/linux-arm64-83_binding.node":

HTTP error 404 Not Found`,
    explained: ["E62 linux/arm64"],
  },
  "Prisma has no engine for the platform": {
    log: "Error: Unknown binaryTarget linux-arm64-openssl-undefined and no custom engine files were provided",
    explained: ["E62 linux/arm64"],
  },
  "Prisma's engine was generated for another CPU": {
    log: `Prisma Client could not locate the Query Engine for runtime "linux-arm64-openssl-3.0.x".

This happened because Prisma Client was generated for "debian-openssl-3.0.x", but the actual deployment required "linux-arm64-openssl-3.0.x".`,
    explained: ["E62"],
  },
  "Prisma's engine was generated for another OpenSSL": {
    log: `This happened because Prisma Client was generated for "debian-openssl-1.1.x", but the actual deployment required "debian-openssl-3.0.x".`,
    explained: [],
  },
  "Cypress is not made for the CPU": {
    log: `URL: https://download.cypress.io/desktop/4.6.0?platform=linux&arch=arm
Error: Failed downloading the Cypress binary.
Response code: 404`,
    explained: ["E62 linux/arm/v7"],
  },
  "bash does not find a program whose libraries were listed": {
    log: `bash: ./tool: No such file or directory
        /lib64/ld-linux-x86-64.so.2 (0x7f8939014000)
        libc.so.6 => /lib64/ld-linux-x86-64.so.2 (0x7f8939014000)`,
    explained: ["E22"],
  },
  "bash does not find a program": { log: "bash: ./tool: No such file or directory", explained: [] },
  "musl lacks what a program of glibc calls": {
    log: "Error relocating ./tool: __res_init: symbol not found",
    explained: ["E22"],
  },
  "libraries of two releases of Alpine": {
    log: "Error relocating /usr/lib/libcurl.so.4: nghttp2_option_set_no_rfc9113: symbol not found",
    explained: [],
  },
  "Docker Swarm has no node of the image's platform": {
    log: `web.1.abc  tool:1  Shutdown  Rejected 3 seconds ago  "no suitable node (unsupported platform on 3 nodes)"`,
    explained: ["E02"],
  },
  "Buildah puts two errors into a line": {
    log: `STEP 2/3: RUN apt update
process exited with error: fork/exec /bin/sh: exec format errorsubprocess exited with status 1
error building at STEP "RUN apt update": exit status 1`,
    explained: ["E01"],
  },
  "the private emulator in the words of older BuildKits": {
    log: `#5 [2/2] RUN which ls
#5 ERROR: executor failed running [/dev/.buildkit_qemu_emulator /bin/sh -c which ls]: exit code: 127`,
    explained: ["E38"],
  },
  "a wheel is built for a machine that there is none for": {
    log: `#0 906.7       creating build/lib.linux-armv7l-cpython-39
#0 907.1   ERROR: Failed building wheel for cryptography`,
    explained: ["E61 linux/arm/v7"],
  },
  "a wheel is built for amd64": {
    log: `#0 906.7       creating build/lib.linux-x86_64-cpython-39
#0 907.1   ERROR: Failed building wheel for cryptography`,
    explained: [],
  },
};

suite("causes are told from each other in the words of every program", () => {
  for (const [name, { log, explained }] of Object.entries(logs)) {
    test(name, () => {
      const found = explainText(log).errors.map(({ code, platforms }) => [code, ...platforms.map(formatPlatform)]);
      assert.deepEqual(
        found.map((words) => words.join(" ")),
        explained,
      );
    });
  }
});
