import type { AndOr, CompoundList, PipelineNode } from "unbash";

const maxNodes = 500;

/** Names that statements give a value to, in whatever of their branches: `A=b`, `export A=b`. */
export function assignedNames(...lists: readonly CompoundList[]): readonly string[] {
  const names = new Set<string>();
  const waiting: (PipelineNode | AndOr | CompoundList)[] = [...lists];
  for (let count = 0; count < maxNodes; count += 1) {
    const node = waiting.pop();
    if (node === undefined) break;
    if (node.type === "CompoundList") waiting.push(...node.commands.map(({ command }) => command));
    else if (node.type === "AndOr" || node.type === "Pipeline") waiting.push(...node.commands);
    else if (node.type === "BraceGroup") waiting.push(node.body);
    else if (node.type === "If")
      waiting.push(node.then, ...node.elif.map((each) => each.then), ...(node.else === undefined ? [] : [node.else]));
    else if (node.type === "Case") waiting.push(...node.items.map(({ body }) => body));
    else if (node.type === "Command") {
      const isDeclaration = /^(?:export|declare|readonly|local|typeset)$/.test(node.name?.value ?? "");
      const assignments = node.name === undefined ? node.prefix : isDeclaration ? node.args : [];
      for (const each of assignments) if (each.type === "Assignment") names.add(each.name);
    }
  }
  return [...names];
}
