import type { RecognizedImage, RepositoryFiles } from "./repository-files.ts";

/** Folders that hold Dockerfiles of the whole repository, not projects of their own. */
const sharedFolders = ["docker", ".docker", "build", "deploy", "ci", "deployment", "container", "containers"];

/** The images that a repository's Dockerfiles make: the one at its root, else those of the folders right below. */
export function recognizeImages(files: RepositoryFiles): RecognizedImage[] {
  const atRoot = ["Dockerfile", "Containerfile"].find((name) => files.names.includes(name));
  if (atRoot !== undefined) return [{ job: "image", file: atRoot }];
  const below = files.names.filter((name) => /^[^/]+\/(?:Dockerfile|Containerfile)$/.test(name));
  return below.map((file) => {
    const folder = file.slice(0, file.indexOf("/"));
    const name = folder
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, "-")
      .replaceAll(/^-|-$/g, "");
    const job = below.length === 1 || name === "" ? "image" : `image-${name}`;
    return { job, file, ...(sharedFolders.includes(folder) ? {} : { context: folder }) };
  });
}
