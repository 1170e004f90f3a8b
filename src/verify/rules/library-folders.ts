import { environmentValue } from "../chain/environment.ts";
import { defaultLibraryDirectories, LibrarySearch } from "../chain/libraries.ts";
import type { ImageFacts } from "../view/image-facts.ts";

/** The folders where a loader of the image's platform looks for libraries by name. */
export function libraryFolders({ view, config, expected }: ImageFacts): Set<string> {
  const { triplet } = expected.architecture;
  const set = (environmentValue(config.environment, "LD_LIBRARY_PATH") ?? "")
    .split(":")
    .filter((path) => path.startsWith("/"));
  const search = new LibrarySearch(view, expected, config.environment);
  const local = ["/usr/local/lib", `/usr/local/lib/${triplet}`];
  const others = search.configuredDirectories().filter((path) => !namesOtherTriplet(path, triplet));
  return new Set([...defaultLibraryDirectories(expected), ...local, ...others, ...set]);
}

/** Debian's `ld.so.conf.d` may name the multiarch folders of other architectures, whose libraries are meant to be foreign. */
function namesOtherTriplet(path: string, triplet: string): boolean {
  return /-linux-(?:gnu|musl)/.test(path) && !path.endsWith(`/${triplet}`);
}
