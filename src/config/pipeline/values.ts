import { z } from "zod";
import { parseReference } from "../../oci/reference.ts";
import { foreignNameHint } from "../../expression/foreign-names.ts";
import { parseTemplate } from "../../expression/template.ts";
import { readWith, text } from "../values.ts";
import { parseCondition } from "./condition.ts";
import { parseCron } from "./cron.ts";

/**
 * A text with `${{ … }}` in it. Whole numbers and `true` are texts too where a text is wanted: `GOARM: 7`. Other numbers are refused, because YAML makes 1.2 of
 * the version 1.20.
 */
export const template = z
  .union([z.string().max(100_000), z.int(), z.boolean()], { error: "must be a text" })
  .transform((value, context) => readWith(parseTemplate)(String(value), context));

/** A condition: an expression, in `${{ … }}` or without, because a text that is always true is what nobody means. */
export const condition = z
  .union([z.string().min(1).max(100_000), z.int(), z.boolean()], { error: "must be an expression" })
  .transform((value, context) => readWith(parseCondition)(String(value), context));

/** A name of an image, which may be given by expressions. */
export const imageName = text.transform((value, context) => {
  const name = readWith(parseTemplate)(value, context);
  const [, variable] = /\$\{?([A-Za-z_]\w*)/.exec(value.replaceAll(/\$\{\{.*?\}\}/g, "")) ?? [];
  if (variable !== undefined) {
    context.addIssue({
      code: "custom",
      message: `"$${variable}" is a variable of a shell, and no shell reads the name of an image`,
      params: {
        hint: foreignNameHint(variable) ?? `Write \${{ env.${variable} }}, with env: { ${variable}: … } above.`,
      },
    });
  } else if (!value.includes("${{")) readWith(parseReference)(value, context);
  return name;
});

/** The name of an image that containers are made of. */
export const containerImage = imageName.superRefine(({ parts }, context) => {
  const [part, ...more] = parts;
  if (more.length > 0 || part === undefined || typeof part === "string" || part.kind !== "name") return;
  const [root, job, key] = part.path;
  if (root !== "jobs" || key !== "digest") return;
  context.addIssue({
    code: "custom",
    message: "a digest alone does not say where the image is",
    params: { hint: `Write \${{ jobs.${job}.reference }}, which has the digest in it.` },
  });
});

/** Variables of containers. */
export const environment = z
  .record(
    z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "must be letters, digits and _, and not begin with a digit"),
    template,
    { error: "must be a mapping, for example { NAME: value }" },
  )
  .default({});

export const secretName = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "must be the name of a secret: letters, digits and _");

/** Timers of Node count milliseconds in 31 bits. */
const maxSeconds = 24 * 86_400;

const units: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** `90s`, `20m`, `1h30m`, `7d`, in seconds. */
export const duration = z
  .string({ error: "must be a time with its unit, for example 90s, 20m, 1h30m or 7d" })
  .regex(/^(?=.)(\d+d)?(\d+h)?(\d+m)?(\d+s)?$/, "must be a time with its unit, for example 90s, 20m, 1h30m or 7d")
  .transform((written) =>
    [...written.matchAll(/(\d+)([dhms])/g)].reduce(
      (sum, [, count, unit = ""]) => sum + Number(count) * (units[unit] ?? 0),
      0,
    ),
  )
  .refine((seconds) => seconds > 0 && seconds <= maxSeconds, "must be between one second and 24 days")
  .meta({ examples: ["90s", "20m", "1h30m", "7d"] });

const powers = ["", "K", "M", "G", "T"];

/** `512MiB`, `2GiB`, `500MB`, in bytes. */
export const size = z
  .string({ error: "must be a size with its unit, for example 512MiB or 2GiB" })
  .regex(/^\d+(\.\d+)?[KMGT]i?B$/, "must be a size with its unit, for example 512MiB or 2GiB")
  .transform((written) => {
    const [, count = "", unit = "", binary] = /^([\d.]+)([KMGT])(i?)B$/.exec(written) ?? [];
    return Math.round(Number(count) * (binary === "i" ? 1024 : 1000) ** powers.indexOf(unit));
  })
  .meta({ examples: ["512MiB", "2GiB"] });

/** One or several of something: `a` is `[a]`. */
export function listOf<Item extends z.ZodType>(item: Item) {
  return z
    .union([item.transform((one) => [one]), z.array(item).min(1)])
    .transform((items) => items as readonly z.output<Item>[]);
}

/** Names of jobs, steps, services, artifacts. */
export const plainName = z
  .string()
  .regex(
    /^[A-Za-z_][\w-]{0,62}$/,
    "must be letters, digits, _ and -, begin with a letter, and have at most 63 characters",
  );

/** Globs of branches, tags or paths; one that begins with ! takes out again. */
export const globs = listOf(text);

/** Times of a schedule. */
export const cron = z
  .string()
  .superRefine((written, context) => {
    readWith(parseCron)(written, context);
  })
  .meta({ examples: ["0 3 * * *"] });

/** A time zone of the IANA database. */
export const timezone = z.string().refine((zone) => {
  try {
    return Boolean(new Intl.DateTimeFormat("en", { timeZone: zone }));
  } catch {
    // The only way to ask.
    return false;
  }
}, "must be a time zone such as UTC or Europe/Warsaw");
