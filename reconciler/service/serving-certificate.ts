import { KeyObject, webcrypto } from "node:crypto";
import { isIP } from "node:net";

/** What a TLS server shows, in PEM. */
export interface ServingCertificate {
  readonly cert: string;
  readonly key: string;
}

/** For clocks that are late. */
const BACKDATED_MS = 3_600_000;

/**
 * A certificate that nobody but its key has signed, for a server under these names or IP addresses. It keeps what is sent from
 * those who listen, and proves nothing: whoever asks has to be told not to check it.
 *
 * @param lifetimeMs how long from now it is valid
 */
export async function selfSignedCertificate(names: readonly string[], lifetimeMs: number): Promise<ServingCertificate> {
  // Loaded here, since it is a quarter of the reconciler's code, and takes 4 MB that are of no use where metrics stay on the
  // machine. The first before the second, whose dependency injection asks for it.
  await import("reflect-metadata");
  const x509 = await import("@peculiar/x509");
  const keys = await webcrypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: [{ CN: [names[0] ?? "localhost"] }],
    keys,
    notBefore: new Date(Date.now() - BACKDATED_MS),
    notAfter: new Date(Date.now() + lifetimeMs),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(names.map((value) => ({ type: isIP(value) ? "ip" : "dns", value }))),
    ],
  });
  const key = KeyObject.from(keys.privateKey).export({ type: "pkcs8", format: "pem" }).toString();
  return { cert: certificate.toString("pem"), key };
}
