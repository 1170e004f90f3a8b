import { z } from "zod";

/**
 * The format of `.iceci.yaml`, as IceCI's documentation has it (alpha 7), with the three fields that only its resource definitions know
 * (`containerBuild.cache`, `globals.runtimeProfile`, `workingDir`). Unknown keys are errors: what is not understood is not left out silently.
 */
const text = z.string().min(1);

/** A text, or a number that was not quoted. */
const value = z.union([z.string(), z.number(), z.boolean()], { error: "must be a text" }).transform(String);

const environment = z
  .array(
    z
      .strictObject({ name: text, value: value.optional(), fromSecret: text.optional() })
      .superRefine((variable, context) => {
        if ((variable.value === undefined) !== (variable.fromSecret === undefined)) return;
        const both = variable.value !== undefined;
        const message = `${variable.name} has ${both ? "a value and fromSecret" : "neither a value nor fromSecret"}`;
        context.addIssue({ code: "custom", message, params: { hint: "IceCI takes exactly one of the two." } });
      }),
  )
  .default([]);

const files = z
  .array(
    z.strictObject({ path: z.string().regex(/^\//, "must be an absolute path, as IceCI wants it"), fromSecret: text }),
  )
  .default([]);

const container = {
  image: text,
  dockerSecret: z.string().optional(),
  script: z.string().default(""),
  environment,
};

const containerRun = z.strictObject({ ...container, files });
const serviceRun = z.strictObject({ name: text, ...container, files });

const containerBuild = z.strictObject({
  registry: text.default("docker.io"),
  user: text,
  imageName: text,
  tags: z.array(text).min(1),
  contextPath: text.default("."),
  dockerfilePath: text.default("Dockerfile"),
  dockerSecret: z.string().optional(),
  buildArgs: z.array(z.strictObject({ name: text, value })).default([]),
  cache: z.strictObject({ enable: z.boolean().default(false), registry: z.string().optional() }).optional(),
});

const when = z.strictObject({
  event: z
    .array(z.enum(["commit", "tag", "pr"]))
    .min(1)
    .default(["commit"]),
  branch: z.array(text).default([]),
  skipBranch: z.array(text).default([]),
  tag: z.array(text).default([]),
  skipTag: z.array(text).default([]),
});

const onFailure = z.array(z.strictObject({ handlerName: text })).default([]);

const kinds = ["containerRun", "containerBuild", "serviceRun", "waitForAccept"] as const;

/** What is asked only of a value that has the right shape. */
const onlyOfShape = { when: ({ issues }: { readonly issues: readonly unknown[] }) => issues.length === 0 };

const step = z
  .strictObject({
    name: text,
    when: when.prefault({}),
    onFailure,
    runtimeProfile: text.optional(),
    containerRun: containerRun.optional(),
    containerBuild: containerBuild.optional(),
    serviceRun: serviceRun.optional(),
    waitForAccept: z.strictObject({ timeout: z.int().min(0).default(0) }).optional(),
  })
  .superRefine((value, context) => {
    const found = kinds.filter((kind) => value[kind] !== undefined);
    if (found.length === 1) return;
    const message =
      found.length === 0 ? `step ${value.name} does nothing` : `step ${value.name} is ${found.join(" and ")} at once`;
    context.addIssue({ code: "custom", message, params: { hint: `A step has exactly one of ${kinds.join(", ")}.` } });
  }, onlyOfShape);

const failureHandler = z.strictObject({ name: text, ...container, files });

const globals = z.strictObject({
  dockerSecret: z.string().optional(),
  environment,
  files,
  onFailure,
  runtimeProfile: text.optional(),
});

/** The schema of `.iceci.yaml`. */
export const iceciSchema = z
  .strictObject({
    steps: z.array(step).min(1),
    services: z.array(z.strictObject({ name: text, ...container })).default([]),
    failureHandlers: z.array(failureHandler).default([]),
    globals: globals.prefault({}),
    workingDir: text.optional(),
  })
  .superRefine((pipeline, context) => {
    const known = new Set(pipeline.failureHandlers.map(({ name }) => name));
    const check = (list: readonly { readonly handlerName: string }[], path: readonly PropertyKey[]) => {
      list.forEach(({ handlerName }, index) => {
        if (known.has(handlerName)) return;
        context.addIssue({
          code: "custom",
          path: [...path, index, "handlerName"],
          message: `there is no failure handler ${handlerName}`,
          params: { hint: `failureHandlers has ${[...known].join(", ") || "none"}.` },
        });
      });
    };
    pipeline.steps.forEach((one, index) => check(one.onFailure, ["steps", index, "onFailure"]));
    check(pipeline.globals.onFailure, ["globals", "onFailure"]);
    const names = pipeline.steps.map(({ name }) => name);
    names.forEach((name, index) => {
      if (names.indexOf(name) === index) return;
      const message = `a second step is called ${name}`;
      context.addIssue({ code: "custom", path: ["steps", index, "name"], message });
    });
  });

/** A pipeline of IceCI, checked, with the defaults of what is left out. */
export type IceciPipeline = z.output<typeof iceciSchema>;
export type IceciStep = IceciPipeline["steps"][number];
export type IceciWhen = IceciStep["when"];
export type IceciContainer = NonNullable<IceciStep["containerRun"]>;
export type IceciBuild = NonNullable<IceciStep["containerBuild"]>;
