import type { Place } from "../place.ts";
import { dependsOnPlatform, isKnown, textOf, type Value } from "../value.ts";
import type { Scope } from "./bindings.ts";
import { ConditionalStack } from "./conditionals.ts";
import { Expansion, type ExpansionHost } from "./expand.ts";
import { commentStart, logicalLines, type LogicalLine } from "./logical-lines.ts";
import { assignment, bindingOf, ruleColon, trimExpression, type Assignment } from "./make-assignment.ts";
import type { MakeRule, TargetVariable } from "./make-rule.ts";
import { hasUnknown, trimValue, wordsOf } from "./make-words.ts";
import { valueText, type Expression, type SourceText } from "./source-text.ts";

/** What a Makefile reads beside itself. */
export interface MakefileHost extends ExpansionHost {
  /** The text of an included file; undefined when it is not in the repository. */
  include(path: string): SourceText | undefined;
  /** What a caller or the one who checks sets instead of a global variable of the file; undefined to leave it as it is. */
  replace(name: string, value: Value, operator: string): Value | undefined;
}

/** Deepest chain of included files and of evaluated texts. */
const maxIncludes = 20;

/** What ends make, or a recipe. */
const ending = /\$[({]error\b|\bexit [1-9]/;

/** Reads the lines of Makefiles as make does: each with the variables as they are at that moment. */
export class MakefileReader {
  readonly rules: MakeRule[] = [];
  readonly targetVariables: TargetVariable[] = [];
  readonly conditionals: ConditionalStack;
  readonly scope: Scope;
  exportsAll = false;
  oneShell = false;
  readonly #host: MakefileHost;
  readonly #files: string[] = [];
  #rule: MakeRule | undefined;
  #depth = 0;

  constructor(scope: Scope, host: MakefileHost) {
    this.scope = scope;
    this.#host = host;
    this.conditionals = new ConditionalStack(scope);
  }

  /** The files read, in their order. */
  get files(): readonly string[] {
    return this.#files;
  }

  /** The expansion of its variables. */
  expansion(unsetIsEmpty = false): Expansion {
    return new Expansion(this.scope, this.#host, { unsetIsEmpty });
  }

  /** Reads a file. */
  readFile(path: string, source: SourceText): void {
    this.#files.push(path);
    this.read(source);
  }

  /** Reads lines. */
  read(source: SourceText): void {
    if (this.#depth >= maxIncludes) {
      this.#host.problem("Files include each other without end.", source.place(0, 0));
      return;
    }
    this.#depth++;
    const depth = this.conditionals.depth;
    let define:
      | { readonly head: RegExpExecArray; readonly line: LogicalLine; readonly from: number; nested: number }
      | undefined;
    for (const line of logicalLines(source)) {
      if (!this.#host.step()) break;
      const text = source.text.slice(line.start, line.end);
      if (define !== undefined) {
        if (/^[ \t]*define(?:[ \t]|$)/.test(text)) define.nested++;
        else if (/^[ \t]*endef(?:[ \t#]|$)/.test(text) && define.nested-- === 0) {
          this.#define(source, define.head, define.line, {
            source,
            start: define.from,
            end: Math.max(define.from, line.start - 1),
          });
          define = undefined;
        }
        continue;
      }
      const head = /^[ \t]*((?:(?:export|override)[ \t]+)*)define[ \t]+(.*?)[ \t]*(\+=|\?=|:?:?=)?[ \t]*$/s.exec(text);
      if (head !== null && !line.tabbed)
        define = { head, line, from: Math.min(line.end + 1, source.text.length), nested: 0 };
      else this.#line(source, line, text);
    }
    if (define !== undefined)
      this.#host.problem("A define has no endef.", source.place(define.line.start, define.line.end));
    if (this.conditionals.depth > depth) {
      this.#host.problem("A condition has no endif.", source.place(source.text.length, source.text.length));
      while (this.conditionals.depth > depth)
        this.conditionals.close(source.place(source.text.length, source.text.length));
    }
    this.#depth--;
  }

  #line(source: SourceText, line: LogicalLine, text: string): void {
    // A line behind a rule that begins with a tab is a recipe, whatever it says.
    if (line.tabbed && this.#rule !== undefined) {
      if (!this.conditionals.reads) return;
      if (ending.test(text)) this.conditionals.failed();
      this.#rule.recipe.push({ source, start: line.start + 1, end: line.end });
      return;
    }
    const end = commentStart(source.text, line.start, line.end);
    const body = source.text.slice(line.start, end);
    if (body.trim() === "") return;
    const conditional = /^\s*(ifeq|ifneq|ifdef|ifndef|else|endif)(?=[\s("']|$)/.exec(body);
    if (conditional !== null) {
      const [head, keyword = ""] = conditional;
      this.#conditional(keyword, { source, start: line.start + head.length, end }, source.place(line.start, end));
      return;
    }
    if (!this.conditionals.reads) {
      // What a branch would set tells what a ladder is about.
      const name = assignment.exec(body)?.[2];
      if (name !== undefined && /^[\w.-]+$/.test(name)) this.conditionals.assigned(name);
      return;
    }
    if (ending.test(body) && !/^[^=]*[^=!<>]=/.test(body.slice(0, body.indexOf("$(error")))) this.conditionals.failed();
    if (this.#directive(source, line, body, end)) return;
    const assigned = assignment.exec(body);
    if (assigned !== null) {
      this.#rule = undefined;
      this.#assign(source, line.start, assigned, end);
      return;
    }
    if (line.tabbed && text.trim() !== "" && !body.includes(":")) return;
    this.#readRule(source, line.start, end);
  }

  #conditional(keyword: string, rest: Expression, place: Place | undefined): void {
    const { conditionals } = this;
    const where = place ?? { path: "", line: 1, column: 1, endLine: 1, endColumn: 1 };
    if (keyword === "endif") {
      if (!conditionals.close(where)) this.#host.problem("An endif has no condition before it.", place);
      return;
    }
    const problem = conditionals.turn(keyword, rest, where, this.expansion(true));
    if (problem !== undefined) this.#host.problem(problem, place);
  }

  #directive(source: SourceText, line: LogicalLine, body: string, end: number): boolean {
    const included = /^[ \t]*(?:-include|sinclude|include)[ \t]+/.exec(body);
    if (included !== null) {
      this.#rule = undefined;
      const names = this.expansion().expand({ source, start: line.start + included[0].length, end });
      for (const name of wordsOf(names)) {
        const path = textOf(name);
        const file = isKnown(name) ? this.#host.include(path) : undefined;
        if (file !== undefined) this.readFile(path, file);
      }
      return true;
    }
    const exported = /^[ \t]*(export|unexport)(?:[ \t]+|$)(?!.*(?::=|\?=|\+=|!=|=))/s.exec(body);
    if (exported !== null) {
      this.#rule = undefined;
      const names = wordsOf(this.expansion().expand({ source, start: line.start + exported[0].length, end }));
      if (names.length === 0) this.exportsAll = exported[1] === "export";
      for (const name of names) this.#export(textOf(name), exported[1] === "export");
      return true;
    }
    if (/^[ \t]*(?:vpath|undefine|load|-load)(?:[ \t]|$)/.test(body)) {
      this.#rule = undefined;
      const undefined_ = /^[ \t]*undefine[ \t]+(\S+)/.exec(body)?.[1];
      if (undefined_ !== undefined) this.scope.delete(undefined_);
      return true;
    }
    return false;
  }

  #export(name: string, exported: boolean): void {
    const binding = this.scope.get(name);
    this.scope.set(name, {
      ...(binding ?? { name, flavor: "=", recursive: true, parts: [], origin: "environment" }),
      exported,
    });
  }

  #define(source: SourceText, head: RegExpExecArray, line: LogicalLine, value: Expression): void {
    if (!this.conditionals.reads) return;
    this.#rule = undefined;
    const [, modifiers = "", nameText = "", operator = "="] = head;
    const at = source.text.indexOf(nameText, line.start);
    const name = textOf(trimValue(this.expansion().expand({ source, start: at, end: at + nameText.length })));
    const place = source.place(line.start, line.end);
    this.#set({ name, operator, value, modifiers, place, flavor: "define" });
  }

  #assign(source: SourceText, start: number, match: RegExpExecArray, end: number): void {
    const [head, modifiers = "", nameText = "", operator = "="] = match;
    const at = start + head.lastIndexOf(nameText, head.length - operator.length);
    const name = textOf(trimValue(this.expansion().expand({ source, start: at, end: at + nameText.length })));
    if (hasUnknown(name)) return;
    const value = trimExpression({ source, start: start + head.length, end });
    this.#set({ name, operator, value, modifiers, place: source.place(at, Math.max(value.end, at + nameText.length)) });
  }

  #set(given: Assignment): void {
    const { name, operator } = given;
    const before = this.scope.get(name);
    const isKept =
      before !== undefined &&
      (before.origin === "command line" ||
        (before.origin === "environment" && before.parts.length > 0 && operator === "?="));
    this.conditionals.assigned(name);
    if (
      (isKept && !given.modifiers.includes("override")) ||
      (operator === "?=" && before !== undefined && before.parts.length > 0)
    ) {
      if (given.modifiers.includes("export")) this.#export(name, true);
      return;
    }
    const binding = bindingOf(given, before, this.expansion(), this.conditionals.choosesByArchitecture, this.#host);
    const whole = new Expansion(this.scope, this.#host).in(this.scope);
    const first = binding.parts.length === 1 ? binding.parts[0] : undefined;
    const plain =
      first === undefined || operator === "+=" ? undefined : "pieces" in first ? first : whole.expand(first);
    const replaced =
      plain === undefined || dependsOnPlatform(plain) ? undefined : this.#host.replace(name, plain, operator);
    this.scope.set(name, replaced === undefined ? binding : { ...binding, recursive: false, parts: [replaced] });
  }

  #readRule(source: SourceText, start: number, end: number): void {
    const colon = ruleColon(source.text, start, end);
    if (colon === undefined) {
      // A line of references alone: `$(foreach …)`, `$(eval …)`.
      this.#rule = undefined;
      const value = this.expansion().expand({ source, start, end });
      if (textOf(value).includes(":") && isKnown(value)) this.read(valueText(value));
      return;
    }
    const targets = wordsOf(this.expansion().expand({ source, start, end: colon }));
    let after = source.text[colon + 1] === ":" ? colon + 2 : colon + 1;
    if (source.text[colon] === "&") after = colon + 2;
    const tail = source.text.slice(after, end);
    const assigned = assignment.exec(tail);
    if (assigned !== null) {
      this.#targetVariable(source, after, assigned, end, targets);
      return;
    }
    const semicolon = tail.indexOf(";");
    const stop = semicolon < 0 ? end : after + semicolon;
    // A static pattern: `TARGETS: PATTERN: PREREQUISITES`.
    const second = ruleColon(source.text, after, stop);
    const prerequisites = wordsOf(
      this.expansion().expand({ source, start: second === undefined ? after : second + 1, end: stop }),
    );
    const pattern =
      second === undefined ? "" : textOf(trimValue(this.expansion().expand({ source, start: after, end: second })));
    const rule: MakeRule = {
      targets,
      ...(pattern === "" ? {} : { pattern }),
      prerequisites: prerequisites.filter((word) => textOf(word) !== "|"),
      recipe: semicolon < 0 ? [] : [{ source, start: stop + 1, end }],
      place: source.place(start, end) ?? { path: "", line: 1, column: 1, endLine: 1, endColumn: 1 },
    };
    if (targets.some((target) => textOf(target) === ".ONESHELL")) this.oneShell = true;
    if (targets.some((target) => textOf(target) === ".EXPORT_ALL_VARIABLES")) this.exportsAll = true;
    this.rules.push(rule);
    this.#rule = rule;
  }

  #targetVariable(
    source: SourceText,
    start: number,
    match: RegExpExecArray,
    end: number,
    targets: readonly Value[],
  ): void {
    const [head, modifiers = "", nameText = "", operator = "="] = match;
    const at = start + head.lastIndexOf(nameText, head.length - operator.length);
    const value = trimExpression({ source, start: start + head.length, end });
    const place = source.place(at, Math.max(value.end, at + nameText.length));
    this.#rule = undefined;
    const given: Assignment = { name: nameText, operator, value, modifiers, place };
    const binding = bindingOf(given, undefined, this.expansion(), this.conditionals.choosesByArchitecture, this.#host);
    for (const target of targets) this.targetVariables.push({ target: textOf(target), binding, operator });
  }
}
