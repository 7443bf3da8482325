import { createCipheriv, createDecipheriv, pbkdf2Sync, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { EngineError } from "./engine-error.js";

/** Encrypts and decrypts in the format of Pulumi's passphrase secrets provider, so that either engine reads the other's state. */
export class Crypter {
  private readonly ciphertexts = new Map<string, string>();

  private constructor(
    private readonly key: Buffer,
    /** What Pulumi.<stack>.yaml has as `encryptionsalt`: `v1:<salt>:<the word "pulumi" encrypted>`. */
    readonly salt: string,
  ) {}

  /** Makes a new salt for the passphrase of the environment. */
  static create(): Crypter {
    const salt = randomBytes(8);
    const key = derive(passphrase(), salt);
    return new Crypter(key, `v1:${salt.toString("base64")}:${encrypt(key, "pulumi")}`);
  }

  static open(state: string): Crypter {
    const [version, salt = "", ...check] = state.split(":");
    if (version !== "v1") throw new EngineError(`unknown encryption salt version in ${JSON.stringify(state)}`);
    const key = derive(passphrase(), Buffer.from(salt, "base64"));
    const crypter = new Crypter(key, state);
    let word: string | undefined;
    try {
      word = crypter.decrypt(check.join(":"));
    } catch {
      // A wrong key shows as a failed authentication tag, reported below.
    }
    if (word !== "pulumi") throw new EngineError("incorrect passphrase");
    return crypter;
  }

  /** The same text gives the same ciphertext within a process, so that a state that did not change stays byte for byte. */
  encrypt(text: string): string {
    const known = this.ciphertexts.get(text);
    if (known !== undefined) return known;
    const ciphertext = encrypt(this.key, text);
    this.ciphertexts.set(text, ciphertext);
    return ciphertext;
  }

  decrypt(ciphertext: string): string {
    const [version, nonce = "", body = ""] = ciphertext.split(":");
    if (version !== "v1") throw new EngineError("bad value: not a v1 ciphertext");
    const bytes = Buffer.from(body, "base64");
    const decipher = createDecipheriv("aes-256-gcm", this.key, Buffer.from(nonce, "base64"), { authTagLength: 16 });
    decipher.setAuthTag(bytes.subarray(bytes.length - 16));
    const text = Buffer.concat([decipher.update(bytes.subarray(0, bytes.length - 16)), decipher.final()]).toString();
    if (!this.ciphertexts.has(text)) this.ciphertexts.set(text, ciphertext);
    return text;
  }
}

function encrypt(key: Buffer, text: string): string {
  const nonce = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", key, nonce, { authTagLength: 16 });
  const body = Buffer.concat([cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()]);
  return `v1:${nonce.toString("base64")}:${body.toString("base64")}`;
}

function derive(phrase: string, salt: Buffer): Buffer {
  return pbkdf2Sync(phrase, salt, 1_000_000, 32, "sha256");
}

function passphrase(): string {
  const phrase = process.env["PULUMI_CONFIG_PASSPHRASE"];
  if (phrase !== undefined) return phrase;
  const file = process.env["PULUMI_CONFIG_PASSPHRASE_FILE"];
  if (file) return readFileSync(file, "utf8").trim();
  throw new EngineError(
    "passphrase must be set with PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE environment variables",
  );
}
