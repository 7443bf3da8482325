// Before x509, whose dependency injection asks for it.
import "reflect-metadata";
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from "@peculiar/x509";
import { KeyObject, webcrypto } from "node:crypto";
import { isIP } from "node:net";

/** A certificate authority of the lab's own: Node reads certificates but issues none, and openssl is not everywhere. */
export interface CertificateAuthority {
  readonly certificatePem: string;
  /** For a server under these host names and IP addresses. */
  issueServer(names: readonly string[]): Promise<Credentials>;
  /** For a Kubernetes user: the API server takes its name and groups from the certificate. */
  issueClient(user: string, groups: readonly string[]): Promise<Credentials>;
}

export interface Credentials {
  readonly certificatePem: string;
  /** PKCS #8. */
  readonly keyPem: string;
}

/** Everything that it issues is valid from an hour ago, for clocks that are late, for ten years. */
export async function createAuthority(name: string): Promise<CertificateAuthority> {
  const keys = await generateKeys();
  const authority = await X509CertificateGenerator.createSelfSigned({
    name: distinguishedName(name),
    keys,
    ...validity(),
    extensions: [
      new BasicConstraintsExtension(true, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign, true),
    ],
  });
  const issue = async (subject: DistinguishedName, extensions: readonly Extension[]): Promise<Credentials> => {
    const { publicKey, privateKey } = await generateKeys();
    const certificate = await X509CertificateGenerator.create({
      issuer: authority.subject,
      signingKey: keys.privateKey,
      subject,
      publicKey,
      ...validity(),
      extensions: [new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true), ...extensions],
    });
    return { certificatePem: pem(certificate), keyPem: exportKey(privateKey) };
  };
  return {
    certificatePem: pem(authority),
    issueServer: (names) =>
      issue(distinguishedName(names[0] ?? name), [
        new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
        new SubjectAlternativeNameExtension(names.map((value) => ({ type: isIP(value) ? "ip" : "dns", value }))),
      ]),
    issueClient: (user, groups) =>
      issue(distinguishedName(user, groups), [new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth])]),
  };
}

type DistinguishedName = Record<string, string[]>[];

function distinguishedName(commonName: string, organizations: readonly string[] = []): DistinguishedName {
  return [...organizations.map((organization) => ({ O: [organization] })), { CN: [commonName] }];
}

function validity(): { notBefore: Date; notAfter: Date } {
  const hour = 3_600_000;
  return { notBefore: new Date(Date.now() - hour), notAfter: new Date(Date.now() + 10 * 365 * 24 * hour) };
}

function generateKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
}

function exportKey(key: webcrypto.CryptoKey): string {
  return KeyObject.from(key).export({ type: "pkcs8", format: "pem" }).toString();
}

function pem(certificate: { toString(format: "pem"): string }): string {
  return `${certificate.toString("pem")}\n`;
}
