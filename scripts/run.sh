# sh scripts/run.sh PROGRAM [ARGUMENT…]: runs a TypeScript program of the project with its own Node, after installing what is missing.
. scripts/setup.sh
exec "$NODE" --disable-warning=ExperimentalWarning "$@"
