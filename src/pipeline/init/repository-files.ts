/** What `archway init` sees of a repository: names down to a small depth, and texts on demand. */
export interface RepositoryFiles {
  /** Paths of files relative to the repository, with `/`. */
  readonly names: readonly string[];
  /** The text of a file; `undefined` when it is not there or no text. */
  read(name: string): string | undefined;
}

/** What is said about a repository in one language: the file that tells, and the job that tests it. */
export interface RecognizedLanguage {
  /** `go`, part of the name of a job when there are several. */
  readonly id: string;
  /** `Go 1.26`. */
  readonly title: string;
  /** File that tells the language. */
  readonly file: string;
  readonly image: string;
  /** Scripts; each runs in a container of its own and shares only the workspace with the others. */
  readonly steps: readonly string[];
  /** Folder that is worth keeping from run to run, and the file that its content follows from. */
  readonly cache?: { readonly path: string; readonly name: string; readonly lock: string };
  /** What is not known from the files and should be looked at. */
  readonly doubt?: string;
  /** Folder of the project, when it is not the repository itself. */
  readonly folder?: string;
}

/** A folder as a part of the name of a job: `services/api` is `services-api`. */
export function jobPart(folder: string): string {
  return folder
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-|-$/g, "");
}

/** A Dockerfile that becomes a build job. */
export interface RecognizedImage {
  /** `image`, or `image-FOLDER` when there are several. */
  readonly job: string;
  /** Path of the Dockerfile. */
  readonly file: string;
  /** Folder to build, when it is not the repository itself. */
  readonly context?: string;
}
