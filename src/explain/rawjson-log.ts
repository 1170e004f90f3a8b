/**
 * BuildKit's `--progress=rawjson` as the text that its plain printer would have made of it, so that one reader understands both: `#3 [linux/arm64 2/3] RUN make`,
 * `#3 0.1 exec /bin/sh: exec format error`, `#3 DONE`, `#3 ERROR: …`, `#3 CANCELED`. Lines that are something else stay as they are.
 */
import { z } from "zod";

/** Go's `client.SolveStatus` (moby/buildkit client/graph.go), as far as a reader of errors needs it. */
const statusSchema = z.object({
  vertexes: z
    .array(
      z.object({
        digest: z.string(),
        name: z.string().default(""),
        completed: z.string().optional(),
        cached: z.boolean().default(false),
        error: z.string().default(""),
      }),
    )
    .nullish(),
  logs: z.array(z.object({ vertex: z.string().default(""), data: z.string() })).nullish(),
  warnings: z.array(z.object({ vertex: z.string().default(""), short: z.string().default("") })).nullish(),
});

/** What begins an object of the stream; `statuses` are progress bars, and say nothing. */
const beginnings = ['{"vertexes":[', '{"logs":[', '{"warnings":[', '{"statuses":['].map((text) => Buffer.from(text));
/** Bytes of the longest object that is taken apart, and of a line that waits for its end. */
const maxLine = 1024 * 1024;
const maxSteps = 10_000;

/** Gives lines to `onText`, those of the stream in BuildKit's plain form; `number` is the line of the log that they come from. */
export interface RawJsonLog {
  /** Whether a chunk of the log has the look of the stream. Only from then on its lines have to go through {@link RawJsonLog.line}. */
  begins(bytes: Uint8Array): boolean;
  /** One line of the log, without its line break, as plain lines. */
  line(line: Buffer): string[];
}

interface Step {
  readonly id: number;
  name: string;
  ended: boolean;
  /** The end of its log that is no whole line yet. */
  rest: string;
}

/** Makes a reader; one for each log. */
export function rawJsonLog(): RawJsonLog {
  const steps = new Map<string, Step>();
  const stepOf = (vertex: string) => {
    const known = steps.get(vertex);
    if (known) return known;
    if (steps.size >= maxSteps) steps.clear();
    const step: Step = { id: steps.size + 1, name: "", ended: false, rest: "" };
    steps.set(vertex, step);
    return step;
  };
  const flush = (step: Step) => {
    const { rest } = step;
    step.rest = "";
    return rest === "" ? [] : [`#${step.id} 0.0 ${rest}`];
  };

  const plain = (status: z.infer<typeof statusSchema>): string[] => {
    const lines: string[] = [];
    for (const vertex of status.vertexes ?? []) {
      const step = stepOf(vertex.digest);
      if (vertex.name !== "" && step.name === "") {
        step.name = vertex.name;
        lines.push(`#${step.id} ${oneLine(vertex.name)}`);
      }
      if (vertex.completed === undefined || step.ended) continue;
      lines.push(...flush(step));
      if (vertex.error === "") lines.push(`#${step.id} ${vertex.cached ? "CACHED" : "DONE 0.0s"}`);
      else if (vertex.error.endsWith("context canceled")) lines.push(`#${step.id} CANCELED`);
      else lines.push(`#${step.id} ERROR: ${oneLine(vertex.error)}`);
      step.ended = vertex.error !== "" || !vertex.cached;
    }
    for (const { vertex, data } of status.logs ?? []) {
      const step = stepOf(vertex);
      const text = step.rest + Buffer.from(data, "base64").toString();
      const whole = text.split("\n");
      step.rest = (whole.pop() ?? "").slice(-maxLine);
      lines.push(...whole.map((line) => `#${step.id} 0.0 ${line}`));
    }
    for (const { vertex, short } of status.warnings ?? []) {
      lines.push(`#${stepOf(vertex).id} WARN: ${oneLine(Buffer.from(short, "base64").toString())}`);
    }
    return lines;
  };

  return {
    begins: (bytes) => {
      const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      return buffer.includes('":[{"') && beginnings.some((beginning) => buffer.includes(beginning));
    },
    line(line) {
      const at = beginnings.map((beginning) => line.indexOf(beginning)).filter((found) => found >= 0);
      if (at.length === 0 || line.length > maxLine) return [line.toString()];
      const text = line.toString("utf8", Math.min(...at)).trimEnd();
      try {
        const status = statusSchema.safeParse(JSON.parse(text)).data;
        return status === undefined ? [text] : plain(status);
      } catch (error) {
        // Cut, or something else that begins like the stream.
        if (error instanceof SyntaxError) return [text];
        throw error;
      }
    },
  };
}

function oneLine(text: string): string {
  return text.replaceAll(/\s*\n\s*/g, " ");
}
