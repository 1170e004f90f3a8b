import { textOf, type Value } from "../value.ts";
import type { Call } from "./machine.ts";

/** Options that take an argument of their own, for programs that run another one. */
const wrappers: Readonly<Record<string, { readonly withValue: readonly string[]; readonly operands?: number }>> = {
  sudo: { withValue: ["-u", "-g", "-h", "-p", "-C", "-r", "-t", "-D", "--user", "--group"] },
  doas: { withValue: ["-u", "-C"] },
  env: { withValue: ["-u", "-C", "-S"] },
  exec: { withValue: ["-a"] },
  command: { withValue: [] },
  builtin: { withValue: [] },
  time: { withValue: ["-f", "-o"] },
  nice: { withValue: ["-n"] },
  ionice: { withValue: ["-c", "-n"] },
  nohup: { withValue: [] },
  setsid: { withValue: [] },
  stdbuf: { withValue: ["-o", "-e", "-i"] },
  timeout: { withValue: ["-s", "-k", "--signal", "--kill-after"], operands: 1 },
  gosu: { withValue: [], operands: 1 },
  "su-exec": { withValue: [], operands: 1 },
  chroot: { withValue: [], operands: 1 },
  runuser: { withValue: ["-u"] },
  xargs: { withValue: ["-n", "-I", "-P", "-L", "-d", "-a", "-E", "-s"] },
  eatmydata: { withValue: [] },
  chronic: { withValue: [] },
  travis_retry: { withValue: [] },
  retry: { withValue: [], operands: 0 },
};

/** A command that another one runs. */
export interface Unwrapped {
  readonly call: Call;
  /** False when nobody knows whether it runs. */
  readonly certain: boolean;
  /** True when the shell is gone afterwards (`exec`). */
  readonly replacesShell: boolean;
}

/** The command that another one runs (`sudo apt-get …`, `env A=b make`); undefined when it runs none. */
export function unwrap(call: Call): Unwrapped | undefined {
  const [name, ...args] = call.words;
  if (name === undefined) return undefined;
  const program = textOf(name);
  const base = program.slice(program.lastIndexOf("/") + 1);
  if (base === "find") return unwrapFind(call, args);
  const wrapper = wrappers[base];
  if (wrapper === undefined || !Object.hasOwn(wrappers, base)) return undefined;
  if (base === "command" && args.some((arg) => /^-[vVp]*[vV]/.test(textOf(arg)))) return undefined;
  let operands = wrapper.operands ?? 0;
  const assignments = [...call.assignments];
  let at = 0;
  for (; at < args.length; at += 1) {
    const arg: Value | undefined = args[at];
    const text = arg === undefined ? "" : textOf(arg);
    if (text === "--") {
      at += 1;
      break;
    }
    if (wrapper.withValue.includes(text)) at += 1;
    else if (text.startsWith("-") && text !== "-") continue;
    else if ((base === "env" || base === "sudo") && /^[A-Za-z_]\w*=/.test(text) && arg !== undefined)
      assignments.push(assignmentOf(arg, text, call));
    else if (operands > 0) operands -= 1;
    else break;
  }
  const words = args.slice(at);
  if (words.length === 0) return undefined;
  return { call: { ...call, words, assignments }, certain: base !== "xargs", replacesShell: base === "exec" };
}

/** What `find … -exec` runs. */
function unwrapFind(call: Call, args: readonly Value[]): Unwrapped | undefined {
  const at = args.findIndex((arg) => /^-(?:exec|execdir|ok)$/.test(textOf(arg)));
  if (at < 0) return undefined;
  const rest = args.slice(at + 1);
  const end = rest.findIndex((arg) => /^[;+]$/.test(textOf(arg)));
  const words = end < 0 ? rest : rest.slice(0, end);
  return words.length === 0 ? undefined : { call: { ...call, words }, certain: false, replacesShell: false };
}

function assignmentOf(arg: Value, text: string, call: Call): Call["assignments"][number] {
  const length = text.indexOf("=");
  let skipped = 0;
  const pieces = arg.pieces.flatMap((piece) => {
    const from = Math.max(0, Math.min(piece.text.length, length + 1 - skipped));
    skipped += piece.text.length;
    if (piece.source !== "unknown" && from >= piece.text.length) return [];
    return [from === 0 ? piece : { ...piece, text: piece.text.slice(from) }];
  });
  return { name: text.slice(0, length), value: { pieces }, place: arg.pieces[0]?.place ?? call.place };
}
