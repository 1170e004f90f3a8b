# npm test: everything, from a fresh clone: installs and builds what is missing and says so, then lint, type-check, and every test once.
# What fails does not stop the rest. The last line on standard output is the count of the tests.
. scripts/setup.sh

echo "== What the tests need" >&2
"$NODE" test/bed/main.ts --prepare --base all || echo "Something is missing: the tests that need it say so." >&2
broken=
echo "== Lint" >&2
sh scripts/lint.sh || broken="lint"
echo "== Types" >&2
sh scripts/types.sh || broken="$broken types"
echo "== Tests" >&2
status=0
"$NODE" scripts/test.ts "$@" || status=$?
if [ -n "$broken" ]; then
  echo "Failed besides the tests: $broken" >&2
  status=1
fi
exit $status
