import { aquaAssets } from "./aqua-assets.ts";
import type { Asset } from "./assets.ts";

/** Files of vendors, as their own pages describe them. */
const vendorAssets: readonly Asset[] = [
  {
    name: "tini",
    url: /krallin\/tini\/releases\/(?:download\/[^/]+|latest\/download)\/tini(?:-static)?$|krallin\/tini\/releases\/.*\/tini_[^/_]+\.(?:deb|rpm)$/,
    runsOn: "amd64",
    instead: "From 0.17 on there is tini-arm64 beside it; most distributions have a package tini.",
    certain: true,
    source: "README of krallin/tini at v0.19.0: files for other architectures have -ARCH in their names",
  },
  {
    name: "forego",
    url: /(?:jwilder|ddollar)\/forego\/releases\/.*\/forego$/,
    runsOn: "amd64",
    instead: "Take a package, or https://bin.equinox.io/c/ekMN3bCZFUn/forego-stable-linux-arm64.tgz.",
    certain: true,
    source: "README of ddollar/forego: one file, linux-amd64; other platforms are at dl.equinox.io (2026-08)",
  },
  {
    name: "a package of alpine-pkg-glibc",
    url: /sgerrand\/alpine-pkg-glibc\/releases\/.*\.apk$|frolvlad\/.*glibc[^/]*\.apk$/,
    runsOn: "amd64",
    instead: "Alpine's gcompat runs many programs for glibc; else begin from an image with glibc.",
    certain: true,
    source: "https://github.com/sgerrand/alpine-pkg-glibc/issues/126: releases until 2.35-r1 have no build for Arm",
  },
  {
    name: "gosu before 1.2",
    url: /tianon\/gosu\/releases\/download\/1\.[01]\/gosu$/,
    runsOn: "amd64",
    instead: "Take gosu-arm64 of version 1.7 or later.",
    certain: true,
    source:
      "https://github.com/tianon/gosu/releases: 1.0 and 1.1 have one file, gosu; names with architectures come later",
  },
  {
    name: "calicoctl",
    url: /projectcalico\/(?:calicoctl|calico-docker|calico-containers|calico)\/releases\/.*\/calicoctl$|docker\.io.*\/calicoctl$/,
    runsOn: "amd64",
    instead: "From 3.0 on there is calicoctl-linux-arm64.",
    certain: true,
    source: "Makefile of projectcalico/calicoctl: bin/calicoctl is attached as the file for amd64 (2026-08)",
  },
  {
    name: "a Calico CNI plugin",
    url: /projectcalico\/(?:cni-plugin|calico-cni)\/releases\/.*\/(?:calico|calico-ipam)$/,
    runsOn: "amd64",
    instead: "Copy it out of the image calico/cni of the platform, or build it.",
    certain: true,
    source:
      "Makefile of projectcalico/cni-plugin at v3.2.0: a release has one file calico and one calico-ipam, those of dist/amd64",
  },
  {
    name: "a cross compiler of musl.cc",
    url: /\/\/musl\.cc\/[^/]*-cross\.tgz$|more\.musl\.cc\/(?:[^/]+\/)?x86_64-linux-musl\/[^/]*-cross\.tgz$/,
    runsOn: "amd64",
    instead:
      "Files below https://more.musl.cc/HOST/ run on other machines; distributions have cross compilers as packages.",
    certain: true,
    source: "https://musl.cc/: the cross compilers of its first page run on x86_64",
  },
  {
    name: "fwatchdog",
    url: /(?:openfaas|alexellis)\/faas\/releases\/.*\/fwatchdog$|openfaas\/(?:of-watchdog|classic-watchdog)\/releases\/.*\/(?:of-watchdog|fwatchdog)$/,
    runsOn: "amd64",
    instead: "There is a file with -arm64 beside it.",
    certain: true,
    source: "ci/copy_redist.sh of openfaas/faas: fwatchdog, fwatchdog-armhf, fwatchdog-arm64 (2026-08)",
  },
  {
    name: "the Lambda runtime interface emulator",
    url: /aws-lambda-runtime-interface-emulator\/releases\/.*\/aws-lambda-rie$/,
    runsOn: "amd64",
    instead: "There is aws-lambda-rie-arm64 beside it.",
    certain: true,
    source: "https://docs.aws.amazon.com/lambda/latest/dg/images-test.html and README of the project (2026-08)",
  },
  {
    name: "AzCopy",
    url: /aka\.ms\/downloadazcopy-v10-linux$/,
    runsOn: "amd64",
    instead: "There is https://aka.ms/downloadazcopy-v10-linux-arm64.",
    certain: true,
    source:
      "https://learn.microsoft.com/azure/storage/common/storage-use-azcopy-v10: Linux x86-64, Linux ARM64 (2026-08)",
  },
  {
    name: "the OpenShift client",
    url: /mirror\.openshift\.com\/.*\/openshift-(?:client|install)-linux(?:-[\d.]+[^/]*)?\.tar\.gz$|(?:okd-project|openshift)\/(?:okd|origin)\/releases\/.*\/openshift-(?:client|install)-linux-\d[^/]*\.tar\.gz$/,
    runsOn: "amd64",
    instead: "There is openshift-client-linux-arm64.tar.gz beside it.",
    certain: true,
    source:
      "https://mirror.openshift.com/pub/openshift-v4/clients/ocp/: linux is amd64, linux-arm64 beside it (2026-08)",
  },
  {
    name: "the AWS X-Ray daemon",
    url: /aws-xray-daemon(?:-linux)?-(?:2|3)[^/]*\.(?:zip|deb|rpm)$/,
    runsOn: "amd64",
    instead: "There is aws-xray-daemon-linux-arm64-3.x.zip beside it.",
    certain: true,
    source: "Makefile of aws/aws-xray-daemon: the files without an architecture are those of linux-amd64 (2026-08)",
  },
  {
    name: "solc",
    url: /(?:ethereum|argotorg)\/solidity\/releases\/.*\/solc-static-linux$/,
    runsOn: "amd64",
    instead: "Only the newest versions have solc-static-linux-arm; else build it from source.",
    certain: true,
    source: "https://github.com/ethereum/solidity/releases: solc-static-linux is x86-64 (2026-08)",
  },
  {
    name: "the Codecov uploader",
    url: /(?:uploader|cli)\.codecov\.io\/[^/]+\/(?:linux|alpine)\/codecov(?:cli)?(?:_linux)?$/,
    runsOn: "amd64",
    instead: "There is https://uploader.codecov.io/latest/aarch64/codecov.",
    certain: true,
    source: "https://docs.codecov.com/docs/codecov-uploader: platforms linux, alpine, aarch64 (2026-08)",
  },
  {
    name: "the CUDA runfile",
    url: /developer\.download\.nvidia\.com\/compute\/cuda\/.*_linux\.run$/,
    runsOn: "amd64",
    instead: "The file for servers with Arm ends in _linux_sbsa.run.",
    certain: true,
    source:
      "checksum list of CUDA 12.6.2: cuda_12.6.2_560.35.03_linux_sbsa.run beside cuda_12.6.2_560.35.03_linux.run (2026-08)",
  },
  {
    name: "the Swift toolchain",
    url: /(?:download\.)?swift\.org\/.*-RELEASE-(?:ubuntu|amazonlinux|centos|ubi|debian)[\d.]*\.tar\.gz$/,
    runsOn: "amd64",
    instead: "The file for arm64 ends in -aarch64.tar.gz, in the folder with -aarch64 (from 5.5 on).",
    certain: true,
    source: "https://www.swift.org/install/linux/: x86_64 and aarch64 files per distribution (2026-08)",
  },
  {
    name: "SteamCMD",
    url: /\/(?:installer|client)\/steamcmd_linux\.tar\.gz$/,
    runsOn: "386",
    instead: "It is a program for 32-bit x86: there is none for other architectures.",
    certain: true,
    source: "https://developer.valvesoftware.com/wiki/SteamCMD: needs lib32gcc (2026-08)",
  },
  {
    name: "the Flutter SDK",
    url: /flutter_infra(?:_release)?\/releases\/.*\/flutter_linux_[^/]*\.tar\.xz$/,
    runsOn: "amd64",
    instead: "There is no archive for arm64: clone the repository flutter/flutter, which gets the right Dart SDK.",
    certain: true,
    source: "https://docs.flutter.dev/release/archive: Linux archives are x64 (2026-08)",
  },
  {
    name: "the Bedrock server",
    url: /minecraft\.(?:azureedge\.)?net\/.*bin-linux\/bedrock-server-[^/]*\.zip$/,
    runsOn: "amd64",
    instead: "Mojang has no file for other architectures.",
    certain: true,
    source: "https://www.minecraft.net/download/server/bedrock: Ubuntu on x86-64 (2026-08)",
  },
  {
    name: "SonarQube's archive",
    url: /binaries\.sonarsource\.com\/Distribution\/sonarqube(?:-\w+)?\/sonarqube-[^/]*\.zip$/,
    runsOn: "amd64",
    instead: "Start it with java -jar, not with bin/linux-x86-64, or take a version with launchers for the platform.",
    certain: false,
    source: "https://github.com/bitnami/containers/pull/27514 (2023-03-16): it has no launchers and wrappers for Arm",
  },
  {
    name: "Docker Compose 1",
    url: /docker\/compose\/releases\/download\/1\.[^/]+\/docker-compose-(?:Linux|\uFFFC)-(?!x86_64)/,
    runsOn: "amd64",
    instead: "Version 2 has docker-compose-linux-aarch64; distributions have a package docker-compose.",
    certain: true,
    source:
      "https://github.com/docker/compose/releases/tag/1.29.2: Linux-x86_64 alone (aqua-registry 4d86e12, 2026-08-22)",
  },
];

/** Files that are known to be for one architecture though they do not say so. `source` says where that is known from. */
export const assetTable: readonly Asset[] = [...vendorAssets, ...aquaAssets];
