import { table } from "./test-shell.ts";

const loop = `size=small
while getopts ":s:xf:" opt; do
  case "$opt" in
    s) size=$OPTARG ;;
    f) file=$OPTARG ;;
    x) extra=yes ;;
    *) wrong=yes ;;
  esac
done
get "$size" "\${file:-none}" "\${extra:-no}"`;

table("getopts reads options with and without arguments, joined and apart, up to the first operand", [
  [`set -- -s large -x out; ${loop}`, "large none yes"],
  [`set -- -xfout -s big; ${loop}`, "big out yes"],
  [`set -- out -s large; ${loop}`, "small none no"],
  [`set -- -f a -- -s large; ${loop}`, "small a no"],
]);

table(
  "A script is followed with the options that each caller gives",
  [
    ["./make.sh -s large", "large none no"],
    ["./make.sh", "small none no"],
  ],
  { files: { "make.sh": loop } },
);
