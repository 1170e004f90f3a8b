import { jobPart, type RecognizedImage, type RepositoryFiles } from "./repository-files.ts";

/** Folders that hold Dockerfiles of the whole repository, not projects of their own. */
const sharedFolders = ["docker", ".docker", "build", "deploy", "ci", "deployment", "container", "containers"];

/** The images that a repository's Dockerfiles make: the one at its root, else those of the folders below. */
export function recognizeImages(files: RepositoryFiles): RecognizedImage[] {
  const atRoot = ["Dockerfile", "Containerfile"].find((name) => files.names.includes(name));
  if (atRoot !== undefined) return [{ job: "image", file: atRoot }];
  const below = files.names.filter((name) => /^[^/]+(?:\/[^/]+)?\/(?:Dockerfile|Containerfile)$/.test(name));
  return below.map((file) => {
    const folder = file.slice(0, file.lastIndexOf("/"));
    const name = jobPart(folder);
    const job = below.length === 1 || name === "" ? "image" : `image-${name}`;
    return { job, file, ...(isShared(folder) ? {} : { context: folder }) };
  });
}

function isShared(folder: string): boolean {
  return sharedFolders.includes(folder.split("/", 1).join());
}
