/** Lines of context around a change, as `diff -u` shows. */
const context = 3;

/** Most cells of the table that compares the changed middle of two texts; larger ones are shown as one replacement. */
const maxCells = 4_000_000;

interface Step {
  readonly kind: " " | "-" | "+";
  readonly line: string;
}

/** The unified diff (`diff -u`, `git apply`) of one file; empty when nothing changed. An empty old or new text is a file that comes or goes. */
export function unifiedDiff(path: string, before: string | undefined, after: string): string {
  if (before === after) return "";
  const steps = stepsOf(linesOf(before ?? ""), linesOf(after));
  const hunks = hunksOf(steps);
  const from = before === undefined ? "/dev/null" : `a/${path}`;
  return `--- ${from}\n+++ b/${path}\n${hunks.map(formatHunk).join("")}`;
}

/** Lines with their line feeds, so that a missing one at the end shows. */
function linesOf(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

function stepsOf(before: readonly string[], after: readonly string[]): Step[] {
  let head = 0;
  while (head < before.length && head < after.length && before[head] === after[head]) head++;
  let tail = 0;
  while (
    tail < before.length - head &&
    tail < after.length - head &&
    before[before.length - 1 - tail] === after[after.length - 1 - tail]
  ) {
    tail++;
  }
  const keep = (line: string): Step => ({ kind: " ", line });
  return [
    ...before.slice(0, head).map(keep),
    ...compareMiddle(before.slice(head, before.length - tail), after.slice(head, after.length - tail)),
    ...before.slice(before.length - tail).map(keep),
  ];
}

/** The longest common subsequence of two lists of lines, as steps from one to the other. */
function compareMiddle(before: readonly string[], after: readonly string[]): Step[] {
  const remove = (line: string): Step => ({ kind: "-", line });
  const add = (line: string): Step => ({ kind: "+", line });
  if (before.length * after.length > maxCells) return [...before.map(remove), ...after.map(add)];
  const width = after.length + 1;
  const lengths = new Uint32Array((before.length + 1) * width);
  for (let i = before.length - 1; i >= 0; i--) {
    for (let j = after.length - 1; j >= 0; j--) {
      lengths[i * width + j] =
        before[i] === after[j]
          ? (lengths[(i + 1) * width + j + 1] ?? 0) + 1
          : Math.max(lengths[(i + 1) * width + j] ?? 0, lengths[i * width + j + 1] ?? 0);
    }
  }
  const steps: Step[] = [];
  let i = 0;
  let j = 0;
  while (i < before.length && j < after.length) {
    const [old = "", fresh = ""] = [before[i], after[j]];
    if (old === fresh) {
      steps.push({ kind: " ", line: old });
      i++;
      j++;
    } else if ((lengths[(i + 1) * width + j] ?? 0) >= (lengths[i * width + j + 1] ?? 0)) {
      steps.push(remove(old));
      i++;
    } else {
      steps.push(add(fresh));
      j++;
    }
  }
  return [...steps, ...before.slice(i).map(remove), ...after.slice(j).map(add)];
}

interface Hunk {
  readonly oldStart: number;
  readonly newStart: number;
  readonly steps: readonly Step[];
}

function hunksOf(steps: readonly Step[]): Hunk[] {
  const hunks: Hunk[] = [];
  const changed = steps.flatMap(({ kind }, index) => (kind === " " ? [] : [index]));
  let index = 0;
  while (index < changed.length) {
    const first = changed[index] ?? 0;
    let last = first;
    while (index < changed.length && (changed[index] ?? 0) - last <= 2 * context) last = changed[index++] ?? last;
    const start = Math.max(0, first - context);
    const before = steps.slice(0, start);
    hunks.push({
      oldStart: before.filter(({ kind }) => kind !== "+").length + 1,
      newStart: before.filter(({ kind }) => kind !== "-").length + 1,
      steps: steps.slice(start, last + context + 1),
    });
  }
  return hunks;
}

function formatHunk({ oldStart, newStart, steps }: Hunk): string {
  const olds = steps.filter(({ kind }) => kind !== "+").length;
  const news = steps.filter(({ kind }) => kind !== "-").length;
  const range = (start: number, count: number) => `${count === 0 ? start - 1 : start}${count === 1 ? "" : `,${count}`}`;
  const body = steps.map(({ kind, line }) => {
    return line.endsWith("\n") ? `${kind}${line}` : `${kind}${line}\n\\ No newline at end of file\n`;
  });
  return `@@ -${range(oldStart, olds)} +${range(newStart, news)} @@\n${body.join("")}`;
}
