# npm run soak [-- N]: repeats the killing tests N times, and property tests with N times their usual cases (default 20).
. scripts/setup.sh
"$NODE" test/bed/main.ts --prepare || echo "Something is missing: the tests that need it say so." >&2
ARCHWAY_SOAK=${1:-20} exec "$NODE" scripts/test.ts --soak
