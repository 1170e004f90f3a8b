import { checkedFlags, baseOf, commandFrom, type Draft } from "./draft.ts";
import type { Command, RunInstruction } from "./instruction.ts";
import { failAt } from "./logical-line.ts";
import { mountFields, mountProblem, type MountFlag } from "./mount.ts";
import { invalid, type Word } from "./source.ts";
import { nextBlank } from "./words.ts";

const networks = ["default", "none", "host"] as const;
const securities = ["sandbox", "insecure"] as const;

/** Reads RUN. Throws `DOCKERFILE_INVALID`. */
export function buildRun(draft: Draft<"RUN">): RunInstruction {
  const flags = checkedFlags(draft, { mount: "many", network: "text", security: "text", device: "many" });
  const networkWord = flags.text("network");
  const network = networks.find((known) => known === (networkWord?.text ?? "default"));
  const { file } = draft.line.source;
  if (network === undefined) {
    throw invalid(file, `invalid network mode "${networkWord?.text ?? ""}"`, networkWord?.range.start);
  }
  const securityWord = flags.text("security");
  const security = securities.find((known) => known === (securityWord?.text ?? "sandbox"));
  if (security === undefined) {
    throw invalid(file, `security "${securityWord?.text ?? ""}" is not valid`, securityWord?.range.start);
  }
  const mounts = flags.many("mount").map((word) => mountOf(file, word));
  const command = commandFrom(draft, draft.from);
  return { ...baseOf(draft), command, mounts, network, security, devices: flags.many("device") };
}

function mountOf(file: string, word: Word): MountFlag {
  const fields = mountFields(word.text);
  const problem = typeof fields === "string" ? fields : mountProblem(fields);
  if (typeof fields === "string" || problem !== undefined) throw invalid(file, problem ?? "", word.range.start);
  return { word, fields };
}

const duration = /^[+-]?(0|((\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h))+)$/;

/** Reads HEALTHCHECK; without a command it is NONE. Throws `DOCKERFILE_INVALID`. */
export function buildHealthcheck(draft: Draft): { readonly command?: Command } {
  const { line, from } = draft;
  const { end, next } = nextBlank(line.text, from);
  const kind = line.text.slice(from, end).toUpperCase();
  if (kind === "") throw failAt(line, "HEALTHCHECK requires at least one argument");
  if (kind === "NONE") {
    if (draft.json === undefined ? next < line.text.length : draft.json.length > 0) {
      throw failAt(line, "HEALTHCHECK NONE takes no arguments", next);
    }
    return {};
  }
  const times = { interval: "text", timeout: "text", "start-period": "text", "start-interval": "text" } as const;
  const flags = checkedFlags(draft, { ...times, retries: "text" });
  if (kind !== "CMD") throw failAt(line, `Unknown type "${kind}" in HEALTHCHECK (try CMD)`, from);
  for (const { name, value } of flags.all) {
    if (value === undefined || value.text === "") continue;
    const valid = name === "retries" ? /^\+?\d{1,10}$/.test(value.text) : duration.test(value.text);
    if (!valid) throw invalid(line.source.file, `invalid value for --${name}: ${value.text}`, value.range.start);
  }
  if (draft.json === undefined ? next >= line.text.length : draft.json.length === 0) {
    throw failAt(line, "Missing command after HEALTHCHECK CMD", from);
  }
  return { command: commandFrom(draft, next) };
}
