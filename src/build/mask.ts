import { readFile } from "node:fs/promises";
import type { Engine, EngineEvent, Secret } from "../engine/engine.ts";
import { ArchwayError } from "../error/error.ts";

/** What stands in the place of a secret. */
const mask = "***";
/** Shorter values are words of every log: hiding them would hide the log. */
const minValue = 4;
/** The same for the lines of a value that has several: `{` and `}` of a JSON file say nothing. */
const minLine = 8;
/** Characters of an unfinished line that are held back, at most. */
const maxHeld = 16 * 1024;

/** What secrets would look like in a log: their trimmed values, and each longer line of a value with several. The longest is first. */
export async function secretTexts(secrets: readonly Secret[], env: NodeJS.ProcessEnv): Promise<string[]> {
  const values = await Promise.all(
    secrets.map(async (secret) => {
      if ("env" in secret) return env[secret.env] ?? "";
      // A file that cannot be read has nothing to hide, and the engine says so.
      return readFile(secret.file, "utf8").catch(() => "");
    }),
  );
  const texts = values.flatMap((value) => {
    const whole = value.trim();
    const lines = whole.split(/\r?\n/).map((line) => line.trim());
    return [
      ...(whole.length >= minValue ? [whole] : []),
      ...(lines.length > 1 ? lines.filter((line) => line.length >= minLine) : []),
    ];
  });
  return [...new Set(texts)].toSorted((a, b) => b.length - a.length);
}

/** Puts `***` in the place of every one of the texts; `texts` have the longest first. What a step encodes (base64, hex) is not recognised. */
export function maskSecrets(texts: readonly string[]): (text: string) => string {
  return (text) => texts.reduce((masked, secret) => masked.replaceAll(secret, mask), text);
}

/**
 * An engine whose events and errors show no secret of its request, whatever its steps print. The end of a log that is no whole line yet waits for its
 * rest: a step may print a secret in pieces.
 */
export function maskedEngine(engine: Engine, env: NodeJS.ProcessEnv): Engine {
  return {
    name: engine.name,
    endpoint: engine.endpoint,
    probe: (signal) => engine.probe(signal),
    async build(request, onEvent, signal) {
      const texts = await secretTexts(request.secrets, env);
      if (texts.length === 0) return engine.build(request, onEvent, signal);
      const events = maskedEvents(texts, onEvent);
      try {
        return await engine.build(request, events.push, signal);
      } catch (error) {
        throw maskedError(error, maskSecrets(texts));
      } finally {
        events.end();
      }
    },
  };
}

type LogEvent = Extract<EngineEvent, { type: "log" }>;

/** Masks events on their way; `end` gives what was held back. `texts` is not empty and has the longest first. */
function maskedEvents(
  texts: readonly string[],
  onEvent: (event: EngineEvent) => void,
): { readonly push: (event: EngineEvent) => void; readonly end: () => void } {
  const hide = maskSecrets(texts);
  const longest = texts[0]?.length ?? 1;
  const held = new Map<string, LogEvent>();

  const pushLog = (event: LogEvent) => {
    const key = `${event.stream} ${event.step ?? ""}`;
    const text = hide((held.get(key)?.text ?? "") + event.text);
    const line = text.lastIndexOf("\n") + 1;
    // Whole secrets are masked already: only the start of one can be at the end.
    const cut = text.length - line > maxHeld ? Math.max(line, text.length - longest + 1) : line;
    if (cut > 0) onEvent({ ...event, text: text.slice(0, cut) });
    if (cut < text.length) held.set(key, { ...event, text: text.slice(cut) });
    else held.delete(key);
  };
  const release = (fits: (event: LogEvent) => boolean) => {
    for (const [key, event] of held) {
      if (!fits(event)) continue;
      held.delete(key);
      onEvent(event);
    }
  };
  return {
    push(event) {
      switch (event.type) {
        case "log":
          pushLog(event);
          break;
        case "step":
          if (event.state !== "started") release(({ step }) => step === event.id);
          onEvent({
            ...event,
            name: hide(event.name),
            ...(event.error === undefined ? {} : { error: hide(event.error) }),
          });
          break;
        case "progress":
          onEvent({ ...event, name: hide(event.name) });
          break;
        case "warning":
          onEvent({ ...event, text: hide(event.text) });
          break;
      }
    },
    end: () => release(() => true),
  };
}

function maskedError(error: unknown, hide: (text: string) => string): unknown {
  if (!(error instanceof ArchwayError)) return error;
  const { code, kind, message, hint, place, cause } = error;
  if (hide(message) === message && (hint === undefined || hide(hint) === hint)) return error;
  return new ArchwayError({
    code,
    kind,
    message: hide(message),
    ...(hint === undefined ? {} : { hint: hide(hint) }),
    ...(place === undefined ? {} : { place }),
    ...(cause === undefined ? {} : { cause }),
  });
}
