import { ArchwayError } from "../error/error.ts";

/** The error of a configuration that is wrong as a whole: `CONFIG_INVALID` without a line. */
export function invalidConfig(file: string, message: string, hint?: string): ArchwayError {
  return new ArchwayError({
    code: "CONFIG_INVALID",
    kind: "input",
    message,
    place: { file },
    ...(hint === undefined ? {} : { hint }),
  });
}
