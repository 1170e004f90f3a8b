import { unknownValue, type Value } from "../../value.ts";
import { usualMachine } from "./machine.ts";
import type { Collection } from "../collection.ts";
import { isTemplated, templateValue } from "../kubernetes/template.ts";
import { withoutNextLine } from "../yaml/entry-place.ts";
import { itemsAt, scalarAt, textAt, type YamlNode } from "../yaml/node.ts";
import { runJob } from "./job-script.ts";
import { isKaniko, readKaniko } from "./kaniko.ts";
import { isForTests } from "./purpose.ts";
import { substituted, type Substitution } from "./substitution.ts";

/** What Tekton fills in (`$(params.NAME)`), as far as it is not known before. */
const tekton: Substitution = {
  pattern: /\$\((?:inputs\.)?(?:params|workspaces|context|tasks|results|outputs|resources|steps)[.[][^)]*\)/g,
  replace: () => unknownValue(),
};

/** What containers of Kubernetes objects do that matters: kaniko's executor builds an image, steps of Tekton run scripts. */
export function runContainers(collection: Collection, path: string, object: YamlNode): void {
  const isTekton = textAt(object, "apiVersion")?.startsWith("tekton.dev/") === true;
  const seen = new Set<YamlNode>();
  const visit = (node: YamlNode): void => {
    if (seen.has(node) || node.kind === "scalar") return;
    seen.add(node);
    if (node.kind === "list") {
      for (const item of node.items) visit(item);
      return;
    }
    if (scalarAt(node, "image") !== undefined) runContainer(collection, path, node, isTekton);
    for (const { value } of node.entries) visit(value);
  };
  visit(object);
}

function runContainer(collection: Collection, path: string, container: YamlNode, isTekton: boolean): void {
  const image = textAt(container, "image") ?? "";
  const fill = (scalar: Parameters<typeof substituted>[0]): Value =>
    isTekton ? substituted(scalar, tekton) : templateValue(scalar);
  if (isKaniko(image)) {
    const words = [...itemsAt(container, "command"), ...itemsAt(container, "args")];
    const values = words.flatMap((word) => (word.kind === "scalar" ? [fill(word)] : []));
    if (values.length === 0) return;
    const place = withoutNextLine(container.place);
    collection.calls.push(readKaniko({ arguments: values, place, machine: usualMachine, forTests: isForTests(path) }));
    return;
  }
  const script = isTekton ? scalarAt(container, "script") : undefined;
  if (script === undefined || isTemplated(script.text)) return;
  const shebang = /^#!\s*(\S+)(?:\s+(\S+))?/.exec(script.text);
  const shell = shebang?.[1]?.endsWith("/env") === true ? shebang[2] : shebang?.[1];
  if (shell !== undefined && !/(?:^|\/)(?:ba|da|a|z)?sh$/.test(shell)) return;
  const environment = new Map<string, Value>();
  for (const variable of itemsAt(container, "env")) {
    const value = scalarAt(variable, "value");
    environment.set(textAt(variable, "name") ?? "", value === undefined ? unknownValue() : fill(value));
  }
  const stops = shebang === null || /-\w*e/.test(script.text.slice(0, script.text.indexOf("\n")));
  runJob(collection, { commands: [script], environment, machine: usualMachine, substitution: tekton, stops });
}

/** True when an object may hold containers that do something that matters. */
export function mayRun(text: string): boolean {
  return /kaniko|executor|tekton\.dev\//.test(text);
}
