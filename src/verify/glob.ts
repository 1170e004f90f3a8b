/**
 * Whether an absolute path of an image matches a glob: `*` and `?` stay within a name, `**` spans any number of names. A glob that does not begin with a
 * slash may begin at any name.
 */
export function matchesGlob(glob: string, path: string): boolean {
  const pattern = (glob.startsWith("/") ? glob : `/**/${glob}`)
    .split(/((?:\/\*\*)+(?=\/)|\*+|\?)/)
    .map((part) => {
      if (part.startsWith("/**")) return "(?:/.*)?";
      if (part.startsWith("*")) return part.length > 1 ? ".*" : "[^/]*";
      return part === "?" ? "[^/]" : part.replaceAll(/[$()*+.?[\\\]^{|}-]/g, "\\$&");
    })
    .join("");
  return new RegExp(`^${pattern}$`, "s").test(path);
}
