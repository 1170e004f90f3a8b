import { join } from "node:path";
import { run } from "./command.ts";

/** A certificate and its private key, as PEM files. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30"];

/** Makes a certificate authority of its own in `dir`: `NAME.pem` and `NAME-key.pem`. Needs openssl 3. */
export async function makeAuthority(dir: string, name: string): Promise<Certificate> {
  const made = files(dir, name);
  const uses = ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,digitalSignature"];
  await request(made, `/CN=Archway test bed ${name}`, uses);
  return made;
}

/** Makes a certificate for servers and clients on 127.0.0.1 and localhost, signed by `authority`. */
export async function makeCertificate(dir: string, name: string, authority: Certificate): Promise<Certificate> {
  const made = files(dir, name);
  const uses = [
    "basicConstraints=CA:FALSE",
    "subjectAltName=IP:127.0.0.1,DNS:localhost",
    "extendedKeyUsage=serverAuth,clientAuth",
  ];
  await request(made, `/CN=${name}`, uses, ["-CA", authority.cert, "-CAkey", authority.key]);
  return made;
}

async function request(made: Certificate, subject: string, uses: readonly string[], signer: readonly string[] = []) {
  const extensions = uses.flatMap((use) => ["-addext", use]);
  // Without a configuration file: Debian's adds a second basicConstraints.
  const config = ["-config", "/dev/null"];
  await run("openssl", [
    "req",
    "-x509",
    ...config,
    ...newKey,
    "-subj",
    subject,
    ...extensions,
    "-keyout",
    made.key,
    "-out",
    made.cert,
    ...signer,
  ]);
}

function files(dir: string, name: string): Certificate {
  return { cert: join(dir, `${name}.pem`), key: join(dir, `${name}-key.pem`) };
}
