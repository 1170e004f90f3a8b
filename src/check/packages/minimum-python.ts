import type { FromSource, MinimumVersion, Source } from "./minimum-versions.ts";

/** AWS's list of the first versions with wheels for aarch64, which their nightly tests of the index feed. */
const aws: Source = {
  url: "https://github.com/aws/porting-advisor-for-graviton/blob/169cf67ac752162f7911679b5fcd8af720a21c72/src/advisor/rules/python.json",
  date: "2023-01-12",
};

const c: FromSource = { compilers: ["c"], headers: [] };
const cpp: FromSource = { compilers: ["c", "c++"], headers: [] };
const rust: FromSource = { compilers: ["c", "rust"], headers: [] };
const none: FromSource = { compilers: [], headers: [] };
const withHeaders = (...headers: string[]): FromSource => ({ compilers: ["c"], headers });

type Row = readonly [name: string, since: string, build: FromSource, source?: Source];

/**
 * Packages that are compiled when no wheel fits. Those with an optional extension (MarkupSafe, PyYAML, SQLAlchemy, simplejson, …) are left out on
 * purpose: without a compiler they install their Python code.
 */
const rows: readonly Row[] = [
  ["bcrypt", "3.1.7", withHeaders("libffi-dev")],
  ["biopython", "1.78", c],
  ["blosc", "1.10.5", cpp],
  ["brotli", "1.0.9", cpp],
  ["cffi", "1.14.3", withHeaders("libffi-dev")],
  ["cftime", "1.5.0", c],
  ["clickhouse-cityhash", "1.0.2.3", cpp],
  ["cmake", "3.18.2", cpp],
  ["cryptography", "3.1", withHeaders("libssl-dev", "libffi-dev")],
  ["ddtrace", "0.46.0", c],
  ["editdistance", "0.6.0", cpp],
  ["fastobo", "0.10.2", rust],
  ["gensim", "4.1.0", c],
  ["gevent", "20.12.0", c],
  ["geventhttpclient", "1.5.2", c],
  ["greenlet", "1.0.0", cpp],
  ["grpcio", "1.37.0", cpp],
  ["grpcio-tools", "1.37.0", cpp],
  ["guppy3", "3.1.1", c],
  ["h3", "3.7.3", { compilers: ["c", "cmake"], headers: [] }],
  ["hiredis", "2.0.0", c],
  ["iminuit", "2.10.0", { compilers: ["c++", "cmake"], headers: [] }],
  ["immutables", "0.16", c],
  ["jpype1", "1.2.1", cpp],
  ["kiwisolver", "1.2.0", cpp],
  ["lightgbm", "3.2.0", { compilers: ["c++", "cmake"], headers: [] }],
  ["line-profiler", "3.3.0", c],
  ["llvmlite", "0.37.0", { compilers: ["c++"], headers: ["llvm-dev"] }],
  ["lxml", "4.5.2", withHeaders("libxml2-dev", "libxslt1-dev")],
  ["lz4", "3.1.2", c],
  ["matplotlib", "3.4.0", cpp],
  ["mecab-python3", "1.0.4", { compilers: ["c++"], headers: ["libmecab-dev"] }],
  ["multidict", "5.0.0", c],
  ["netcdf4", "1.5.8", withHeaders("libnetcdf-dev", "libhdf5-dev")],
  ["ninja", "1.10.0.post3", cpp],
  ["numba", "0.54.0", cpp],
  ["numexpr", "2.7.3", cpp],
  ["numpy", "1.19.0", c],
  ["onnx", "1.10.0", { compilers: ["c++", "cmake"], headers: ["libprotobuf-dev"] }],
  ["opencv-python", "3.4.13.47", { compilers: ["c++", "cmake"], headers: [] }],
  ["pandas", "1.1.3", cpp],
  ["pillow", "7.2.0", withHeaders("libjpeg-dev", "zlib1g-dev")],
  ["pyarrow", "4.0.0", { compilers: ["c++", "cmake"], headers: ["libarrow-dev"] }],
  ["pycares", "3.2.3", withHeaders("libffi-dev")],
  ["pyclipper", "1.3.0", cpp],
  ["pycryptodome", "3.10.1", c],
  ["pycryptodomex", "3.10.1", c],
  ["pygit2", "1.6.0", withHeaders("libgit2-dev", "libffi-dev")],
  ["pymupdf", "1.18.13", { compilers: ["c++"], headers: ["libmupdf-dev"] }],
  ["pynacl", "1.5.0", withHeaders("libffi-dev")],
  ["pyproj", "3.0.0", withHeaders("libproj-dev")],
  ["python-igraph", "0.9.7", { compilers: ["c", "cmake"], headers: [] }],
  ["python-rapidjson", "1.4", cpp],
  ["python-snappy", "0.6.0", withHeaders("libsnappy-dev")],
  ["pyzmq", "21.0.0", cpp],
  ["rapidfuzz", "1.3.0", cpp],
  ["regex", "2020.10.28", c],
  ["scikit-image", "0.18.2", cpp],
  ["scikit-learn", "0.24.0", cpp],
  ["scipy", "1.5.3", { compilers: ["c", "c++", "fortran"], headers: ["libopenblas-dev"] }],
  ["scrypt", "0.8.18", withHeaders("libssl-dev")],
  ["sentencepiece", "0.1.94", { compilers: ["c++", "cmake"], headers: [] }],
  ["setproctitle", "1.2.2", c],
  ["spglib", "1.16.2", c],
  ["statsmodels", "0.13.1", c],
  ["traits", "6.3.0", c],
  ["typed-ast", "1.4.1", c],
  ["ujson", "3.2.0", cpp],
  ["uvloop", "0.15.0", c],
  ["xgboost", "1.2.1", { compilers: ["c++", "cmake"], headers: [] }],
  ["zstandard", "0.16.0", c],
  ["aiokafka", "0.8.0", c, { url: "https://github.com/aio-libs/aiokafka/pull/839", date: "2022-06-29" }],
  ["asyncpg", "0.27.0", c, { url: "https://github.com/MagicStack/asyncpg/pull/954", date: "2022-09-27" }],
  [
    "clickhouse-driver",
    "0.2.1",
    c,
    { url: "https://github.com/mymarilyn/clickhouse-driver/issues/195", date: "2021-03-08" },
  ],
  [
    "confluent-kafka",
    "2.1.0",
    withHeaders("librdkafka-dev"),
    {
      url: "https://github.com/confluentinc/confluent-kafka-python/blob/8b1c7a613434eee3d0e1287d624d7af04932f410/CHANGELOG.md#v210",
      date: "2023-02-06",
    },
  ],
  [
    "ibm-db",
    "never",
    none,
    {
      url: "https://github.com/ibmdb/python-ibmdb/blob/14dec321505a9e4079b7b74032d66f187c1031fe/setup.py#L312-L371",
      date: "2026-07-08",
    },
  ],
  [
    "orjson",
    "2.5.2",
    rust,
    {
      url: "https://github.com/ijl/orjson/blob/5cbb3d0398a2f42de51210270286fecd798c5d78/CHANGELOG.md#252---2020-03-07",
      date: "2020-03-07",
    },
  ],
  [
    "psycopg2-binary",
    "2.9",
    withHeaders("libpq-dev"),
    { url: "https://github.com/psycopg/psycopg2/issues/1287", date: "2021-06-14" },
  ],
  [
    "pymssql",
    "2.2.11",
    withHeaders("freetds-dev"),
    {
      url: "https://github.com/pymssql/pymssql/blob/ae47ab8eadc1c5e95032d39901eaa233cdf983eb/ChangeLog.rst",
      date: "2023-12-03",
    },
  ],
  [
    "pyodbc",
    "4.0.36",
    { compilers: ["c++"], headers: ["unixodbc-dev"] },
    { url: "https://github.com/mkleehammer/pyodbc/commit/589fefc", date: "2022-12-19" },
  ],
  ["sentry-relay", "0.8.9", rust, { url: "https://github.com/getsentry/relay/pull/1100", date: "2021-10-20" }],
  ["tensorflow", "2.10.0", none, { url: "https://github.com/tensorflow/tensorflow/issues/59731", date: "2023-02-17" }],
];

/** Packages of PyPI. */
export const minimumPython: readonly MinimumVersion[] = rows.map(([name, since, build, source = aws]) => ({
  ecosystem: "pypi",
  name,
  since,
  source,
  build,
}));
