# npm test: everything, from a fresh clone: installs and builds what is missing and says so, then every test once, and meanwhile lint and type-check,
# which are shown at the end when they found something. What fails does not stop the rest. The last line on standard output is the count of the tests.
. scripts/setup.sh

echo "== What the tests need" >&2
"$NODE" test/bed/main.ts --prepare --base all || echo "Something is missing: the tests that need it say so." >&2
checks=$(mktemp)
trap 'rm -f "$checks"' EXIT
{
  broken=
  echo "== Lint"
  sh scripts/lint.sh || broken="lint"
  echo "== Types"
  sh scripts/types.sh || broken="$broken types"
  [ -z "$broken" ] || { echo "Failed besides the tests: $broken"; exit 1; }
} >"$checks" 2>&1 &
checking=$!
echo "== Tests" >&2
status=0
"$NODE" scripts/test.ts "$@" || status=$?
wait "$checking" || {
  cat "$checks" >&2
  status=1
}
exit $status
