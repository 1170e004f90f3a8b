import { namesIn, type NameMatch } from "../platform/architecture-words.ts";
import type { Platform } from "../platform/platform.ts";

/** The names of architectures that stand in a text as words of their own: in `app_Linux_x86_64.tar.gz`, `gcc-aarch64-linux-gnu`, `amd64/alpine`. */
export function architecturesIn(text: string): NameMatch[] {
  return namesIn(text);
}

/** The first name of another architecture than the platform's in a text that does not name the platform's own too. */
export function foreignName(text: string, platform: Platform): string | undefined {
  const names = namesIn(text);
  if (names.some(({ architecture }) => architecture === platform.architecture)) return undefined;
  return names[0]?.text;
}
