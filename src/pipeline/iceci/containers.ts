import type { Draft, Note, Plain } from "./draft.ts";
import { notesAt } from "./draft.ts";
import type { IceciContainer, IceciPipeline } from "./schema.ts";
import { counterpartOf, escapeText, interpolate, variablesIn } from "./variables.ts";

/** A mapping that is put together key by key. */
export type Fields = Record<string, Plain>;

/** Name of a secret: IceCI's names are those of Kubernetes, which no variable may have. */
export function secretName(name: string): string {
  const plain = name.toUpperCase().replaceAll(/[^A-Z0-9]+/g, "_");
  return /^[0-9]/.test(plain) ? `SECRET_${plain}` : plain;
}

/** A name as Archway has them: letters, digits, `_` and `-`. */
export function plainName(name: string): string {
  const plain = name.replaceAll(/[^\w-]+/g, "-").slice(0, 60);
  return /^[A-Za-z_]/.test(plain) ? plain : `_${plain}`;
}

/** Plain variables, with those that a script expects from IceCI. */
export function plainEnv(
  variables: IceciContainer["environment"],
  script: string,
  step: { readonly name: string; readonly services: readonly string[] },
): { readonly env: Fields; readonly notes: readonly string[] } {
  const env: Fields = {};
  const notes: string[] = [];
  for (const name of variablesIn(script)) {
    if (name === "ICECI_STEP_NAME" || name === "ICECI_FAILED_STEP_NAME") {
      if (name === "ICECI_STEP_NAME") env[name] = step.name;
      continue;
    }
    const service = step.services.find((one) => name === serviceVariable(one));
    if (service !== undefined) {
      env[name] = service;
      notes.push(`${name} was the address of the service; it is its name now, which containers resolve.`);
      continue;
    }
    const { expression, note } = counterpartOf(name) ?? { note: "is no variable that IceCI documents; it was empty" };
    if (expression !== undefined) env[name] = `\${{ ${expression} }}`;
    if (note !== undefined) notes.push(`${name} ${note}.`);
  }
  for (const { name, value } of variables) if (value !== undefined) env[name] = escapeText(value);
  return { env, notes };
}

function serviceVariable(service: string): string {
  return `ICECI_SERVICE_${service.toUpperCase().replaceAll("-", "_")}`;
}

/** Secrets of a container as variables and as files. */
export function secretUses(variables: IceciContainer["environment"], files: IceciContainer["files"]): Plain[] {
  const inVariables = variables.flatMap(({ name, fromSecret }): Plain[] => {
    if (fromSecret === undefined) return [];
    const secret = secretName(fromSecret);
    return [secret === name ? secret : { name: secret, env: name }];
  });
  return [...inVariables, ...files.map(({ path, fromSecret }) => ({ name: secretName(fromSecret), file: path }))];
}

/** A containerRun, or a failure handler, as a step. */
export function stepDraft(name: string, container: IceciContainer, services: readonly string[]): Draft<Fields> {
  const { env, notes } = plainEnv(container.environment, container.script, { name, services });
  const secrets = secretUses(container.environment, container.files);
  const asksForFailed = /\bICECI_FAILED_STEP_NAME\b/.test(container.script);
  const script = asksForFailed
    ? `export ICECI_FAILED_STEP_NAME="$ARCHWAY_FAILED_STEP"\n${container.script}`
    : container.script;
  const value: Fields = {
    name: plainName(name),
    image: container.image,
    ...(Object.keys(env).length === 0 ? {} : { env }),
    ...(secrets.length === 0 ? {} : { secrets }),
    // Without a script the image's own command ran.
    ...(script.trim() === "" ? { args: [] } : { run: escapeText(script) }),
  };
  return { value, notes: notesAt(["env" in value ? "env" : "name"], notes) };
}

/** A service, of the pipeline or begun by a step; `image` may hold variables of IceCI in the latter. */
export function serviceDraft(
  service: Omit<IceciContainer, "files"> & Partial<Pick<IceciContainer, "files">>,
): Draft<Fields> {
  const image = interpolate(service.image);
  const { env, notes } = plainEnv(service.environment, service.script, {
    name: "",
    services: [],
  });
  const secrets = secretUses(service.environment, service.files ?? []);
  const value: Fields = {
    image: image.text,
    ...(Object.keys(env).length === 0 ? {} : { env }),
    ...(secrets.length === 0 ? {} : { secrets }),
    ...(service.script.trim() === "" ? {} : { run: escapeText(service.script) }),
  };
  return { value, notes: notesAt(["image"], [...image.notes, ...notes]) };
}

/** The failure handlers that a list names, as steps; one that is named twice runs twice, as it did. */
export function handlerDrafts(
  pipeline: IceciPipeline,
  references: readonly { readonly handlerName: string }[],
): Draft<Fields[]> {
  const services = pipeline.services.map(({ name }) => name);
  const value: Fields[] = [];
  const notes: Note[] = [];
  for (const { handlerName } of references) {
    const handler = pipeline.failureHandlers.find(({ name }) => name === handlerName);
    if (handler === undefined) continue;
    const draft = stepDraft(handlerName, handler, services);
    notes.push(...draft.notes.map((note) => ({ ...note, path: [value.length, ...note.path] })));
    const before = references.slice(0, value.length).filter((one) => one.handlerName === handlerName).length;
    value.push(before === 0 ? draft.value : { ...draft.value, name: `${plainName(handlerName)}-${before + 1}` });
  }
  return { value, notes };
}
