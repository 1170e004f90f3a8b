/** Where a script lies in its container. */
export const scriptPlace = "/run/archway/script";

/**
 * What a container starts for a script: a shell that waits for `sh -e SCRIPT` and ends with its code. The kernel gives a first process no signal that it does not handle, and
 * under QEMU such a signal even makes it hang for ever; one process further down signals mean what they mean everywhere. The script is no background job of the shell: those ignore
 * SIGINT. The shell's own words ("Terminated") go nowhere: they are not the script's.
 */
export const scriptCommand: { readonly entrypoint: readonly string[]; readonly command: readonly string[] } = {
  entrypoint: ["sh", "-c", `exec 3>&2 2>/dev/null; (exec sh -e "$0" 2>&3 3>&-); exit $?`, scriptPlace],
  command: [],
};

/** A command that sends SIGTERM to all processes of a container but the first one: `kill -1` spares that, and the one who asks. */
export const endOthers: readonly string[] = ["sh", "-c", "kill -TERM -1"];

/** What {@link endUnheard} exits with when the first process does not listen. */
export const unheard = 9;

/**
 * A command that finds out whether the first process handles SIGTERM. If not, the others get one, and it ends with {@link unheard}. The last four of the mask's hexadecimal digits hold
 * the signals up to 16; QEMU gives the handling up with the first SIGTERM that the program in it does not handle.
 */
export const endUnheard: readonly string[] = [
  "sh",
  "-c",
  `while read -r name mask; do
  [ "$name" = SigCgt: ] || continue
  [ $((0x\${mask#????????????} & 0x4000)) = 0 ] || exit 0
  kill -TERM -1
  exit ${unheard}
done < /proc/1/status`,
];
