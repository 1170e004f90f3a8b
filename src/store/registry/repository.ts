import type { ArchwayError } from "../../error/error.ts";
import { statusError } from "./failure.ts";
import type { HttpAnswer } from "./http.ts";
import type { RegistryRequest, Transport } from "./transport.ts";

/** What is done to a repository; decides the rights that a token is asked for. */
export type Access = "pull" | "push" | "delete";

const actions: Readonly<Record<Access, string>> = { pull: "pull", push: "pull,push", delete: "pull,push,delete" };

/** A request to one repository. */
export interface RepositoryRequest extends Omit<RegistryRequest, "repository" | "scopes" | "doing" | "target"> {
  readonly access: Access;
  /** Path below `/v2/PATH/`, or a URL that the registry gave. */
  readonly target: string | URL;
  /** What is tried, for errors, up to the repository's name: `push blob sha256:… to`. */
  readonly doing: string;
  /** A second repository that is read (mounts). */
  readonly alsoPull?: string;
}

/** One repository of one registry, as the modules of this folder speak with it. */
export class Repository {
  readonly transport: Transport;
  readonly path: string;

  constructor(transport: Transport, path: string) {
    this.transport = transport;
    this.path = path;
  }

  /** `host/path` as references spell it. */
  get name(): string {
    return `${this.transport.endpoint.host}/${this.path}`;
  }

  send(request: RepositoryRequest): Promise<HttpAnswer> {
    return this.transport.send(this.#complete(request));
  }

  stream(request: RepositoryRequest): ReturnType<Transport["stream"]> {
    return this.transport.stream(this.#complete(request));
  }

  /** The registry answered what nobody asked for, or refuses. */
  error(answer: HttpAnswer, doing: string, hint?: string): ArchwayError {
    return statusError(answer, this.#cannot(doing), hint);
  }

  #cannot(doing: string): string {
    return `cannot ${doing} ${this.name}`;
  }

  #complete({ access, target, doing, alsoPull, ...rest }: RepositoryRequest): RegistryRequest {
    return {
      ...rest,
      target: typeof target === "string" ? `/v2/${this.path}/${target}` : target,
      repository: this.path,
      scopes: [
        `repository:${this.path}:${actions[access]}`,
        ...(alsoPull === undefined ? [] : [`repository:${alsoPull}:pull`]),
      ],
      doing: this.#cannot(doing),
    };
  }
}
