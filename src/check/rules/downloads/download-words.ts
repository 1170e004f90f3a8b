import type { ReachedCommand } from "../../shell/trace.ts";
import { sliceValue, textOf, unknownMark, type Value } from "../../value.ts";
import { isUrl } from "./asset-kind.ts";

/** Options of curl and wget that take the next word. Long ones by name, short ones by letter. */
const withValue: Readonly<Record<string, { readonly letters: string; readonly words: RegExp }>> = {
  curl: {
    letters: "oHuAexdFTKmwbcXECyYzrPQt",
    words:
      /^--(?:output|output-dir|header|user|user-agent|referer|proxy|data(?:-\w+)?|form|upload-file|config|max-time|connect-timeout|retry(?:-\w+)?|write-out|cookie(?:-jar)?|request|cacert|cert|key|capath|resolve|limit-rate|range|interface|proto(?:-redir|-default)?|tls-max|ciphers|max-filesize|speed-\w+|noproxy|connect-to|dns-servers|proxy-\w+)$/,
  },
  wget: {
    letters: "oOaePQtTUwiAlRDIXB",
    words:
      /^--(?:output-document|output-file|append-output|directory-prefix|header|tries|timeout|wait|waitretry|user|password|user-agent|referer|post-data|input-file|execute|limit-rate|quota|retry-on-http-error)$/,
  },
  aria2c: { letters: "odxsjkmtiU", words: /^--(?:out|dir|split|max-\w+(?:-\w+)*|input-file|user-agent)$/ },
  axel: { letters: "onsHUT", words: /^--(?:output|num-connections|max-speed|header|user-agent|timeout)$/ },
};

/** Programs whose arguments are downloads, whatever they look like. */
const downloaders = new Set([
  "curl",
  "wget",
  "wget2",
  "aria2c",
  "axel",
  "fetch",
  "http",
  "https",
  "xh",
  "curlie",
  "lftp",
  "lwp-download",
]);

/** Programs that do something else with a URL than get the file behind it, or that print it. */
const others = new Set(
  (
    "echo printf git docker podman buildah nerdctl skopeo crane kubectl helm oc kustomize test [ [[ : true false export local readonly declare typeset " +
    "cat find sort head tail cut tr grep egrep fgrep sed awk gawk jq yq ln cp mv rm mkdir chmod chown tar add-apt-repository apt-add-repository apt-key tee " +
    "go composer mvn gradle set return exit unset read shift trap type which basename dirname yum-config-manager zypper-ar diff cmp rpm-import"
  ).split(" "),
);

const inlinePrograms = /^(?:python\d?(?:\.\d+)?|perl|ruby|node|nodejs|php|pwsh|powershell|bash|sh|Rscript|R)$/;

const wrappers = new Set([
  "sudo",
  "env",
  "exec",
  "command",
  "time",
  "timeout",
  "nice",
  "retry",
  "travis_retry",
  "torify",
  "proxychains",
  "busybox",
  "su-exec",
  "gosu",
  "doas",
]);

/** The program that a command runs in the end, behind `sudo` and its kin, and the index of its word. */
export function realProgram(command: ReachedCommand): { readonly program: string; readonly at: number } {
  if (!wrappers.has(command.program)) return { program: command.program, at: 0 };
  for (let at = 1; at < command.words.length; at++) {
    const word = textOf(command.words[at] ?? { pieces: [] });
    if (/^-|=|^\d+\w?$/.test(word)) continue;
    return { program: word.slice(word.lastIndexOf("/") + 1), at };
  }
  return { program: command.program, at: 0 };
}

/** The URLs that a command gets. */
export function downloadWords(command: ReachedCommand): Value[] {
  const { program, at } = realProgram(command);
  const words = command.words.slice(at + 1);
  if (downloaders.has(program)) return argumentsOf(words, program).filter((word) => looksLikeUrl(textOf(word)));
  if (program === "" || others.has(program)) return [];
  if (inlinePrograms.test(program)) return words.flatMap(urlsInside);
  return words.flatMap((word) => {
    const text = textOf(word);
    if (isUrl(text)) return [word];
    const option = /^--?[\w-]+=(?=(?:https?|ftp):\/\/\S)/.exec(text);
    return option === null ? [] : [sliceValue(word, option[0].length, text.length)];
  });
}

/** The arguments of a download program without its options and their values. */
function argumentsOf(words: readonly Value[], program: string): Value[] {
  const options = withValue[program === "wget2" ? "wget" : program] ?? { letters: "", words: /^$/ };
  const found: Value[] = [];
  for (let index = 0; index < words.length; index++) {
    const word = words[index];
    if (word === undefined) break;
    const text = textOf(word);
    const url = /^--url=/.exec(text);
    if (url !== null) found.push(sliceValue(word, url[0].length, text.length));
    else if (text.startsWith("--")) index += options.words.test(text) ? 1 : 0;
    else if (text.startsWith("-") && text.length > 1) index += takesNext(text, options.letters) ? 1 : 0;
    else found.push(word);
  }
  return found;
}

/** Whether a cluster of short options (`-sLo`) ends with one that takes the next word. */
function takesNext(cluster: string, letters: string): boolean {
  const first = Array.from(cluster).findIndex((letter, index) => index > 0 && letters.includes(letter));
  return first === cluster.length - 1;
}

/** `https://…`, `example.org/…`, or something unknown with a path behind it. */
function looksLikeUrl(text: string): boolean {
  return (
    isUrl(text) ||
    /^[\w-]+(?:\.[\w-]+)+(?::\d+)?\/\S/.test(text) ||
    (text.startsWith(unknownMark) && text.includes("/"))
  );
}

/** URLs in the text of a program: `python -c "urlretrieve('https://…')"`. */
function urlsInside(word: Value): Value[] {
  const text = textOf(word);
  return [...text.matchAll(/(?:https?|ftp):\/\/[^\s'"`()<>\\;,]+/g)].map(({ 0: url, index }) =>
    sliceValue(word, index, index + url.length),
  );
}
