import type { Reference } from "../../oci/reference.ts";
import { samePlatform, type Platform } from "../../platform/platform.ts";
import type { FactSource, ImageFact, PackageFact } from "./facts.ts";
import type { FactTable } from "./fact-table.ts";
import type { BuiltInFacts } from "./built-in.ts";
import { imageKeyOf } from "./image-key.ts";
import { compareNumbers, numberedTag } from "./tag-family.ts";

/** Asks outside. Each answer has three values; what cannot be reached is undefined, and nothing is thrown but an interruption. */
export interface LookUp {
  image(reference: Reference, signal: AbortSignal): Promise<ImageFact | undefined>;
  url(url: string, signal: AbortSignal): Promise<boolean | undefined>;
  package(key: string, signal: AbortSignal): Promise<PackageFact | undefined>;
}

/** A question that rules asked. */
export interface Question {
  readonly kind: "image" | "url" | "package";
  /** The key of the fact. */
  readonly key: string;
}

/** Where answers come from, the first that knows counts. */
export interface KnownFactsOptions {
  /** What the user gave: nothing is asked about it. */
  readonly given: FactTable;
  /** Absent when nothing may be asked. */
  readonly lookUp?: LookUp;
  /** What is known without asking, when nobody answered: a tag can have been built again since. */
  readonly builtIn: BuiltInFacts;
  /** Told before questions are asked outside. */
  readonly onAsk?: (questions: readonly Question[]) => void;
}

/** Most questions of one run: a repository of strangers cannot make us ask without end. */
const maxQuestions = 500;

/** Milliseconds that all the asking of a run may take. */
const budget = 60_000;

/** Facts of a run: given ones, answers from outside, and the table that comes with the program. */
export class KnownFacts implements FactSource {
  readonly #options: KnownFactsOptions;
  readonly #images = new Map<string, ImageFact>();
  readonly #urls = new Map<string, boolean>();
  readonly #packages = new Map<string, PackageFact>();
  readonly #references = new Map<string, Reference>();
  /** All questions by kind and key; those that wait to be asked have no answer yet. */
  readonly #asked = new Map<string, Question>();
  readonly #waiting = new Map<string, Question>();
  /** What rules were told. */
  readonly #answers: {
    readonly image: Map<string, ImageFact>;
    readonly url: Map<string, boolean>;
    readonly package: Map<string, PackageFact>;
  } = { image: new Map(), url: new Map(), package: new Map() };
  /** Milliseconds of {@link budget} that are left. */
  #left = budget;

  /** Questions that the built-in table answered. */
  readonly #fromTable = new Set<string>();

  constructor(options: KnownFactsOptions) {
    this.#options = options;
  }

  image(text: string): ImageFact | undefined {
    const named = imageKeyOf(text);
    if (named === undefined) return undefined;
    const { key, reference } = named;
    const question: Question = { kind: "image", key };
    const given = this.#options.given.images.get(key) ?? this.#givenByDigest(reference);
    if (given !== undefined || this.#options.given.images.has(key)) return this.#note(question, given ?? null);
    const answer = this.#images.get(key);
    if (answer !== undefined) return this.#note(question, answer);
    this.#references.set(key, reference);
    this.#ask(question);
    const builtIn = this.#options.builtIn.image(reference);
    this.#asked.set(`image ${key}`, question);
    if (builtIn === undefined) return undefined;
    // The table speaks of some platforms only: what it says is never handed on as what a registry said.
    this.#fromTable.add(`image ${key}`);
    return builtIn;
  }

  url(url: string): boolean | undefined {
    const question: Question = { kind: "url", key: url };
    const known = this.#options.given.urls.get(url) ?? this.#urls.get(url);
    if (known === undefined) this.#ask(question);
    return this.#note(question, known);
  }

  package(key: string): PackageFact | undefined {
    const question: Question = { kind: "package", key };
    const { packages } = this.#options.given;
    const known = packages.has(key) ? packages.get(key) : this.#packages.get(key);
    if (known === undefined) this.#ask(question);
    return this.#note(question, known);
  }

  replacement(text: string, platforms: readonly Platform[]): string | undefined {
    const named = imageKeyOf(text);
    if (named === undefined || named.reference.digest !== undefined) return undefined;
    const { reference } = named;
    const { given, builtIn } = this.#options;
    const known = [...given.images, ...this.#images].flatMap(([key, fact]) =>
      fact !== null && hasAll(fact.platforms, platforms) ? [key] : [],
    );
    const tag = nearestLater(reference, [
      ...known.flatMap((key) => tagOfKey(key, reference) ?? []),
      ...[builtIn.laterTag(reference)].filter((tag) => tag !== undefined),
    ]);
    if (tag === undefined) return undefined;
    const name =
      reference.tag !== undefined && text.endsWith(`:${reference.tag}`)
        ? text.slice(0, -reference.tag.length - 1)
        : text;
    return `${name}:${tag}`;
  }

  async learn(signal: AbortSignal): Promise<boolean> {
    const { lookUp } = this.#options;
    const questions = [...this.#waiting.values()];
    this.#waiting.clear();
    if (lookUp === undefined || questions.length === 0 || this.#left <= 0) return false;
    this.#options.onAsk?.(questions);
    const started = performance.now();
    const limited = AbortSignal.any([signal, AbortSignal.timeout(Math.ceil(this.#left))]);
    const answers = await Promise.all(questions.map((question) => this.#lookUp(question, lookUp, limited)));
    this.#left -= performance.now() - started;
    signal.throwIfAborted();
    return answers.includes(true);
  }

  /** Questions that nobody could answer. */
  get unanswered(): readonly Question[] {
    return [...this.#asked.values()].filter(({ kind, key }) => {
      return !this.#answers[kind].has(key) && !this.#fromTable.has(`${kind} ${key}`);
    });
  }

  /** All that rules asked and were told, but for the table that every run has. */
  get answered(): FactTable {
    return { images: this.#answers.image, urls: this.#answers.url, packages: this.#answers.package };
  }

  /** Remembers what a rule was told. */
  #note<Fact extends ImageFact | PackageFact | boolean>(question: Question, fact: Fact | undefined): Fact | undefined {
    const { kind, key } = question;
    this.#asked.set(`${kind} ${key}`, question);
    if (fact === undefined) return undefined;
    const answers: Map<string, ImageFact | PackageFact | boolean> = this.#answers[kind];
    answers.set(key, fact);
    return fact;
  }

  #ask(question: Question): void {
    const name = `${question.kind} ${question.key}`;
    if (this.#asked.has(name) || this.#asked.size >= maxQuestions) return;
    this.#waiting.set(name, question);
  }

  /** A fact about a tag is one about the digest that it pointed at. */
  #givenByDigest({ host, path, tag, digest }: Reference): ImageFact | undefined {
    if (digest === undefined || tag === undefined) return undefined;
    const fact = this.#options.given.images.get(`${host}/${path}:${tag}`);
    return fact?.digest === digest ? fact : undefined;
  }

  async #lookUp({ kind, key }: Question, lookUp: LookUp, signal: AbortSignal): Promise<boolean> {
    try {
      if (kind === "image") {
        const reference = this.#references.get(key);
        const answer = reference && (await lookUp.image(reference, signal));
        if (answer !== undefined) this.#images.set(key, answer);
        return answer !== undefined;
      }
      if (kind === "url") {
        const answer = await lookUp.url(key, signal);
        if (answer !== undefined) this.#urls.set(key, answer);
        return answer !== undefined;
      }
      const answer = await lookUp.package(key, signal);
      if (answer !== undefined) this.#packages.set(key, answer);
      return answer !== undefined;
    } catch (error) {
      // The time is up, or the user does not want to wait: `learn` tells them apart.
      if (signal.aborted) return false;
      throw error;
    }
  }
}

function hasAll(has: readonly Platform[], wanted: readonly Platform[]): boolean {
  return wanted.every((platform) => has.some((one) => samePlatform(one, platform)));
}

/** The tag in the key of a fact about the same repository. */
function tagOfKey(key: string, { host, path }: Reference): string | undefined {
  const prefix = `${host}/${path}:`;
  return key.startsWith(prefix) && !key.includes("@") ? key.slice(prefix.length) : undefined;
}

/** Of some tags the first one that is of the same family and later. */
function nearestLater({ tag = "latest" }: Reference, tags: readonly string[]): string | undefined {
  const { family, numbers } = numberedTag(tag);
  const [nearest] = tags
    .map((text) => ({ text, ...numberedTag(text) }))
    .filter((other) => other.family === family && compareNumbers(other.numbers, numbers) > 0)
    .toSorted((a, b) => compareNumbers(a.numbers, b.numbers));
  return nearest?.text;
}
