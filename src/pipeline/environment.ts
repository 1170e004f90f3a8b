import type { Scope } from "../expression/evaluate.ts";
import type { Template } from "../expression/template.ts";

type Environment = Readonly<Record<string, Template>>;

/**
 * The values of variables, each of which knows those before it, and the scope with their names.
 *
 * @param read The text of a template; undefined for one that is known later, whose name is then unknown
 */
export function readEnvironment(
  templates: Environment,
  scope: Scope,
  read: (template: Template, scope: Scope) => string | undefined,
): { readonly env: Readonly<Record<string, string>>; readonly scope: Scope } {
  const env: Record<string, string> = {};
  const names = new Map(scope.names);
  const inside = { ...scope, names };
  for (const [name, template] of Object.entries(templates)) {
    const value = read(template, inside);
    if (value === undefined) names.delete(`env.${name}`);
    else {
      names.set(`env.${name}`, value);
      env[name] = value;
    }
  }
  return { env, scope: inside };
}

/** The variables of something that has such: a step, a service, a handler. */
export function environmentOf(value: object): Environment | undefined {
  if (!("env" in value) || typeof value.env !== "object" || value.env === null) return undefined;
  return Object.fromEntries(
    Object.entries(value.env).filter((entry): entry is [string, Template] => isTemplate(entry[1])),
  );
}

/** Whether a value is a text that is not final yet. */
export function isTemplate(value: unknown): value is Template {
  return typeof value === "object" && value !== null && "parts" in value && Array.isArray(value.parts);
}
