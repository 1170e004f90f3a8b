/** Makes planned jobs for tests: what is not given is what a pipeline without a word about it means. */
import { parsePlatform } from "../../platform/platform.ts";
import type { Expression } from "../../expression/expression.ts";
import type { Template } from "../../expression/template.ts";
import type { PlannedJob, RetrySpec, ServiceSpec, StepSpec, StepsWork } from "../job-spec.ts";

const retry: RetrySpec = { attempts: 1, on: ["infrastructure"], delay: 1 };

/** A template of a text, or of a text with expressions. */
export function template(text: string | readonly (string | Expression)[]): Template {
  return { parts: typeof text === "string" ? [text] : text };
}

/** The expression `path`, a name with dots. */
export function nameOf(path: string): Expression {
  return { kind: "name", path: path.split("."), at: 0 };
}

/** A step that runs a script. */
export function step(parts: Partial<StepSpec<Template>> = {}): StepSpec<Template> {
  return {
    name: "step-1",
    run: { kind: "script", script: template("true") },
    env: {},
    secrets: [],
    when: "success",
    retry,
    mayFail: false,
    onFailure: [],
    resources: {},
    ...parts,
  };
}

/** A service. */
export function service(name: string, image: Template): ServiceSpec<Template> {
  return { name, image, env: {}, secrets: [], resources: {} };
}

/** Work of steps in one image. */
export function stepsWork(image: Template, parts: Partial<StepsWork<Template>> = {}): StepsWork<Template> {
  return {
    kind: "steps",
    image,
    secrets: [],
    registries: [],
    services: [],
    caches: [],
    inputs: [],
    artifacts: [],
    steps: [step()],
    resources: {},
    workspace: "/workspace",
    ...parts,
  };
}

/** A job `NAME`, or `NAME@PLATFORM`. */
export function job(id: string, parts: Partial<PlannedJob> & Pick<PlannedJob, "work">): PlannedJob {
  const [name = "", platform] = id.split("@");
  return {
    id,
    name: name.replace(/\[.*/, ""),
    ...(platform === undefined ? {} : { platform: parsePlatform(platform) }),
    matrix: {},
    emulation: "fallback",
    retry,
    mayFail: false,
    onFailure: [],
    env: {},
    axes: [],
    needs: [],
    allNeeds: [],
    when: "success",
    ...parts,
  };
}
