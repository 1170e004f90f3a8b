import type { HandlerContent, ServiceContent, StepContent } from "../config/pipeline/step.ts";
import type { Template } from "../expression/template.ts";
import type { RunFacts } from "./facts.ts";
import type { RetrySpec, ServiceSpec, StepSpec } from "./job-spec.ts";
import { skipReason } from "./match-event.ts";
import type { SourceNames } from "./source-names.ts";

/** What is tried again when nothing is said. */
export const once: RetrySpec = { attempts: 1, on: ["infrastructure"], delay: 0 };

/** The steps of a job as they are run; those that this event leaves out are not among them. Names that the file gives to steps are reserved in `names`. */
export function specifySteps(
  steps: readonly StepContent[],
  facts: RunFacts | undefined,
  names: SourceNames,
): readonly StepSpec<Template>[] {
  return steps.flatMap((step, index): StepSpec<Template>[] => {
    const { when } = step;
    const name = step.name ?? names.give(`step-${index + 1}`);
    if (facts !== undefined && skipReason(when, facts) !== undefined) return [];
    const condition = when?.if;
    return [
      {
        ...specifyCommand(step, name),
        when: when?.status ?? "success",
        ...(condition === undefined ? {} : { condition }),
        retry: step.retry ?? once,
        mayFail: step.may_fail,
        onFailure: specifyHandlers(step.on_failure, names, `${name}-on-failure`),
        resources: step.resources,
      },
    ];
  });
}

/** Failure handlers as they are run; `otherwise` and their number is what those without a name are called. */
export function specifyHandlers(
  handlers: readonly HandlerContent[],
  names: SourceNames,
  otherwise: string,
): readonly StepSpec<Template>[] {
  return handlers.map((handler, index) =>
    specifyCommand(handler, names.give(handler.name ?? `${otherwise}-${index + 1}`)),
  );
}

function specifyCommand(content: HandlerContent | StepContent, name: string): StepSpec<Template> {
  const { name: _, image, env, secrets, directory, user, timeout, ...command } = content;
  return {
    name,
    ...(image === undefined ? {} : { image }),
    run: commandOf(command) ?? { kind: "arguments", args: [] },
    env,
    secrets,
    ...(directory === undefined ? {} : { directory }),
    ...(user === undefined ? {} : { user }),
    ...(timeout === undefined ? {} : { timeout }),
    when: "success",
    retry: once,
    mayFail: false,
    onFailure: [],
    resources: {},
  };
}

/** The services of a job. */
export function specifyServices(services: Readonly<Record<string, ServiceContent>>): readonly ServiceSpec<Template>[] {
  return Object.entries(services).map(([name, { image, env, secrets, user, resources, ready, ...command }]) => {
    const run = commandOf(command);
    return {
      name,
      image,
      env,
      secrets,
      ...(run === undefined ? {} : { run }),
      ...(user === undefined ? {} : { user }),
      resources,
      ...(ready === undefined ? {} : { ready: readinessOf(ready) }),
    };
  });
}

function readinessOf(ready: NonNullable<ServiceContent["ready"]>): NonNullable<ServiceSpec<Template>["ready"]> {
  const { timeout, interval } = ready;
  if ("port" in ready && ready.port !== undefined) return { kind: "port", port: ready.port, timeout, interval };
  const command = "command" in ready ? ready.command : undefined;
  return { kind: "command", command: command ?? { parts: [] }, timeout, interval };
}

function commandOf({
  run,
  entrypoint,
  args,
}: {
  readonly run?: Template | undefined;
  readonly entrypoint?: readonly Template[] | undefined;
  readonly args?: readonly Template[] | undefined;
}): StepSpec<Template>["run"] | undefined {
  if (run !== undefined) return { kind: "script", script: run };
  if (entrypoint === undefined && args === undefined) return undefined;
  return { kind: "arguments", ...(entrypoint === undefined ? {} : { entrypoint }), args: args ?? [] };
}
