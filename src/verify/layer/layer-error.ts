import { ArchwayError } from "../../error/error.ts";

/**
 * Content of a layer that no engine could unpack: cut or damaged compression, a tar archive that breaks its format. The image
 * is bad, so the kind is `failed`.
 */
export function layerCorrupt(why: string, cause?: unknown): ArchwayError {
  return new ArchwayError({
    code: "LAYER_CORRUPT",
    kind: "failed",
    message: `the layer cannot be unpacked: ${why}`,
    hint: "Build and push the image again; an engine would fail on this layer too.",
    ...(cause === undefined ? {} : { cause }),
  });
}

/**
 * Content of a layer that may be fine but is not read here (a bound, a format that is not supported): nothing is proven, kind
 * `unreachable`.
 */
export function layerUnsupported(why: string): ArchwayError {
  return new ArchwayError({
    code: "LAYER_UNSUPPORTED",
    kind: "unreachable",
    message: `the layer was not examined: ${why}`,
    hint: "What is in this layer cannot be proven. Build it with a current engine, or publish with --no-verify.",
  });
}
