import type { RecognizedLanguage, RepositoryFiles } from "./repository-files.ts";

/** C and C++ by CMake's or make's file. A Makefile alone counts when there are sources of C, or nothing else is known. */
export function recognizeC(files: RepositoryFiles): RecognizedLanguage | undefined {
  const cmake = files.read("CMakeLists.txt");
  const sources = files.names.some((name) => /\.(?:c|cc|cpp|cxx)$/.test(name));
  if (cmake !== undefined) {
    const tests = /\benable_testing\s*\(|\binclude\s*\(\s*CTest/i.test(cmake);
    return {
      id: "c",
      title: "C or C++, CMake",
      file: "CMakeLists.txt",
      image: "debian:stable",
      steps: [
        [
          "apt-get update",
          "apt-get install --yes --no-install-recommends cmake g++ make",
          "cmake -S . -B build",
          "cmake --build build",
          ...(tests ? ["ctest --test-dir build --output-on-failure"] : []),
        ].join("\n"),
      ],
      ...(tests ? {} : { doubt: "CMakeLists.txt enables no tests; the job only builds" }),
    };
  }
  const file = ["GNUmakefile", "makefile", "Makefile"].find((name) => files.names.includes(name));
  if (file === undefined) return undefined;
  const target = ["test", "check"].find((name) => new RegExp(`^${name}\\s*:(?!=)`, "m").test(files.read(file) ?? ""));
  return {
    id: "c",
    title: sources ? "C or C++, make" : "make",
    file,
    image: "gcc:14",
    steps: ["make", ...(target === undefined ? [] : [`make ${target}`])],
    ...(target === undefined ? { doubt: `${file} has no target test or check; the job only builds` } : {}),
  };
}
