import type { MinimumVersion, Source } from "./minimum-versions.ts";

/** AWS's table of jars with native code. */
const aws: Source = {
  url: "https://github.com/aws/aws-graviton-getting-started/blob/83d74f4cd59be0db948a23fef62e34b8926546fa/CommonNativeJarsTable.md",
  date: "2022-08-02",
};

const cassandra: Source = { url: "https://github.com/apache/cassandra/pull/817", date: "2020-11-12" };

/** Jars with native code inside, and well-known ones that bring such jars with them. */
export const minimumJvm: readonly MinimumVersion[] = (
  [
    { name: "com.github.luben:zstd-jni", since: "1.2.0", source: aws },
    { name: "org.lz4:lz4-java", since: "1.4.0", source: aws, isHarmless: true },
    { name: "org.xerial.snappy:snappy-java", since: "1.1.4", source: aws },
    { name: "com.github.jnr:jffi", since: "1.2.13", source: aws },
    { name: "org.apache.commons:commons-crypto", since: "1.1.0", source: aws },
    { name: "io.netty:netty-tcnative", since: "2.0.31", source: aws },
    { name: "io.netty:netty-tcnative-boringssl-static", since: "2.0.31", source: aws },
    { name: "org.fusesource.leveldbjni:leveldbjni-all", since: "never", source: aws },
    { name: "org.fusesource.leveldbjni:leveldbjni", since: "never", source: aws },
    { name: "org.fusesource:sigar", since: "never", source: aws },
    { name: "org.hyperic:sigar", since: "never", source: aws },
    { name: "com.hadoop.gplcompression:hadoop-lzo", since: "never", source: aws },
    { name: "org.fusesource.jansi:jansi-native", since: "never", source: aws, isHarmless: true },
    {
      name: "org.fusesource.jansi:jansi",
      since: "2.0",
      source: { url: "https://github.com/fusesource/jansi/commit/aa0c419", date: "2020-10-25" },
      isHarmless: true,
    },
    {
      name: "net.java.dev.jna:jna",
      since: "4.2.0",
      source: { url: "https://github.com/java-native-access/jna/commit/6cd421633", date: "2014-04-04" },
    },
    {
      name: "org.rocksdb:rocksdbjni",
      since: "5.18.4",
      source: { url: "https://github.com/apache/storm/pull/3225", date: "2020-03-12" },
    },
    {
      name: "org.xerial:sqlite-jdbc",
      since: "3.20.0",
      source: { url: "https://github.com/xerial/sqlite-jdbc/pull/237", date: "2017-08-02" },
    },
    {
      name: "org.conscrypt:conscrypt-openjdk-uber",
      since: "2.5.3",
      source: { url: "https://github.com/google/conscrypt/issues/1051", date: "2022-12-26" },
    },
    {
      name: "com.google.protobuf:protoc",
      since: "3.5.0",
      source: { url: "https://github.com/os72/protoc-jar/issues/33", date: "2017-11-16" },
      effect: "the build ends with `Missing: com.google.protobuf:protoc:exe:linux-aarch_64`",
    },
    {
      name: "io.grpc:protoc-gen-grpc-java",
      since: "1.24.1",
      source: { url: "https://github.com/alibaba/nacos/issues/7776", date: "2022-02-16" },
      effect: "the build ends with `Missing: io.grpc:protoc-gen-grpc-java:exe:linux-aarch_64`",
    },
    {
      name: "com.salesforce.servicelibs:reactor-grpc",
      since: "1.1.0",
      source: { url: "https://github.com/salesforce/reactive-grpc/issues/229", date: "2021-04-16" },
      effect: "the build ends with `Could not find reactor-grpc-…-linux-aarch_64.exe`",
    },
    {
      name: "org.apache.kafka:kafka-streams",
      since: "2.5.0",
      source: { url: "https://github.com/apache/kafka/pull/8284", date: "2020-03-12" },
      effect: "it brings org.rocksdb:rocksdbjni before 5.18.4, which has no library for linux/arm64",
    },
    {
      name: "org.apache.cassandra:cassandra-all",
      since: "4.0.0",
      source: cassandra,
      effect: "it brings net.java.dev.jna:jna 4, which crashes or finds no library on linux/arm64",
      instead: "Exclude `net.java.dev.jna:jna` and depend on 5.6.0 or later.",
    },
    {
      name: "org.cassandraunit:cassandra-unit",
      since: "5.0.0",
      source: { url: "https://github.com/jsevellec/cassandra-unit/issues/342", date: "2026-09-11" },
      effect: "it brings net.java.dev.jna:jna 4, which crashes or finds no library on linux/arm64",
      instead: "Depend on net.java.dev.jna:jna 5.8.0 or later beside it.",
    },
  ] satisfies Omit<MinimumVersion, "ecosystem">[]
).map((entry): MinimumVersion => ({ ecosystem: "maven", ...entry }));
