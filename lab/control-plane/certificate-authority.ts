import { generateKeyPairSync, randomBytes, sign, type KeyObject } from "node:crypto";
import { isIPv4 } from "node:net";
import { der } from "./der.js";

/**
 * A certificate authority of the lab's own (RFC 5280). Node reads certificates but issues none, and openssl is not
 * everywhere.
 */
export interface CertificateAuthority {
  readonly certificatePem: string;
  /** For a server under these host names and IPv4 addresses. */
  issueServer(names: readonly string[]): Credentials;
  /** For a Kubernetes user: the API server takes its name and groups from the certificate. */
  issueClient(user: string, groups: readonly string[]): Credentials;
}

export interface Credentials {
  readonly certificatePem: string;
  /** PKCS #8. */
  readonly keyPem: string;
}

/** Everything that it issues is valid from an hour ago, for clocks that are late, for ten years. */
export function createAuthority(name: string): CertificateAuthority {
  const issuer = distinguishedName(name);
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const issue = (subject: Buffer, key: KeyObject, extensions: readonly Buffer[]) =>
    certificate({ issuer, issuerKey: privateKey, subject, key, extensions });
  const issueLeaf = (subject: Buffer, extensions: readonly Buffer[]): Credentials => {
    const pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
    return {
      certificatePem: issue(subject, pair.publicKey, extensions),
      keyPem: pair.privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    };
  };
  return {
    certificatePem: issue(issuer, publicKey, [isAuthority, mayUseKeyFor.certificates]),
    issueServer: (names) =>
      issueLeaf(distinguishedName(names[0] ?? name), [
        mayUseKeyFor.signatures,
        purpose.server,
        alternativeNames(names),
      ]),
    issueClient: (user, groups) =>
      issueLeaf(distinguishedName(user, groups), [mayUseKeyFor.signatures, purpose.client]),
  };
}

interface CertificateContent {
  readonly issuer: Buffer;
  readonly issuerKey: KeyObject;
  readonly subject: Buffer;
  readonly key: KeyObject;
  readonly extensions: readonly Buffer[];
}

function certificate({ issuer, issuerKey, subject, key, extensions }: CertificateContent): string {
  const hour = 3_600_000;
  const content = der.sequence(
    der.context(0, der.integer(Buffer.of(2))), // version 3
    der.integer(serialNumber()),
    ecdsaWithSha256,
    issuer,
    der.sequence(der.utcTime(new Date(Date.now() - hour)), der.utcTime(new Date(Date.now() + 10 * 365 * 24 * hour))),
    subject,
    key.export({ type: "spki", format: "der" }),
    der.context(3, der.sequence(...extensions)),
  );
  const signature = sign("sha256", content, issuerKey);
  const lines = der
    .sequence(content, ecdsaWithSha256, der.bitString(signature))
    .toString("base64")
    .match(/.{1,64}/g);
  return `-----BEGIN CERTIFICATE-----\n${(lines ?? []).join("\n")}\n-----END CERTIFICATE-----\n`;
}

function serialNumber(): Buffer {
  return Buffer.of(1, ...randomBytes(15));
}

function distinguishedName(commonName: string, organizations: readonly string[] = []): Buffer {
  const attribute = (type: string, value: string) =>
    der.set(der.sequence(der.objectIdentifier(type), der.utf8String(value)));
  return der.sequence(
    ...organizations.map((organization) => attribute("2.5.4.10", organization)),
    attribute("2.5.4.3", commonName),
  );
}

function alternativeNames(names: readonly string[]): Buffer {
  const encoded = names.map((name) =>
    isIPv4(name)
      ? der.implicit(7, Buffer.from(name.split(".").map(Number)))
      : der.implicit(2, Buffer.from(name, "ascii")),
  );
  return extension("2.5.29.17", der.sequence(...encoded));
}

function extension(identifier: string, value: Buffer, critical = false): Buffer {
  return der.sequence(
    der.objectIdentifier(identifier),
    ...(critical ? [der.boolean(true)] : []),
    der.octetString(value),
  );
}

function extendedKeyUsage(identifier: string): Buffer {
  return extension("2.5.29.37", der.sequence(der.objectIdentifier(identifier)));
}

const ecdsaWithSha256 = der.sequence(der.objectIdentifier("1.2.840.10045.4.3.2"));
const isAuthority = extension("2.5.29.19", der.sequence(der.boolean(true)), true);
/** Bits of KeyUsage: digitalSignature is 0, keyCertSign 5. */
const mayUseKeyFor = {
  signatures: extension("2.5.29.15", der.bitString(Buffer.of(0b1000_0000), 7), true),
  certificates: extension("2.5.29.15", der.bitString(Buffer.of(0b0000_0100), 2), true),
};
const purpose = {
  server: extendedKeyUsage("1.3.6.1.5.5.7.3.1"),
  client: extendedKeyUsage("1.3.6.1.5.5.7.3.2"),
};
