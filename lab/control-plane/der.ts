/** The little of DER (ITU-T X.690) that a certificate needs. Each function gives one encoded value. */
export const der = {
  sequence: (...parts: readonly Uint8Array[]) => tagged(0x30, ...parts),
  set: (...parts: readonly Uint8Array[]) => tagged(0x31, ...parts),
  /** An explicit or constructed implicit tag, `[number]`. */
  context: (number: number, ...parts: readonly Uint8Array[]) => tagged(0xa0 | number, ...parts),
  /** A primitive implicit tag, `[number]`. */
  implicit: (number: number, content: Uint8Array) => tagged(0x80 | number, content),
  boolean: (value: boolean) => tagged(0x01, Buffer.of(value ? 0xff : 0)),
  /** Unsigned, big-endian, without leading zeros. A high bit would be a sign, hence the zero before it. */
  integer: (bytes: Uint8Array) => tagged(0x02, (bytes[0] ?? 0) < 0x80 ? bytes : Buffer.concat([Buffer.of(0), bytes])),
  /** `unused`: how many of the last byte's low bits don't count. */
  bitString: (bytes: Uint8Array, unused = 0) => tagged(0x03, Buffer.of(unused), bytes),
  octetString: (bytes: Uint8Array) => tagged(0x04, bytes),
  objectIdentifier: (dotted: string) => tagged(0x06, encodeIdentifier(dotted)),
  utf8String: (text: string) => tagged(0x0c, Buffer.from(text)),
  /** Until 2049, which UTCTime's two digits of the year allow. */
  utcTime: (time: Date) => tagged(0x17, Buffer.from(`${time.toISOString().replace(/\D/g, "").slice(2, 14)}Z`)),
};

function tagged(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.of(tag), encodeLength(content.length), content]);
}

function encodeLength(length: number): Buffer {
  if (length < 0x80) return Buffer.of(length);
  const bytes = base256(length);
  return Buffer.of(0x80 | bytes.length, ...bytes);
}

function encodeIdentifier(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  return Buffer.from([first * 40 + second, ...rest].flatMap(base128));
}

function base256(value: number): number[] {
  return value < 256 ? [value] : [...base256(Math.floor(value / 256)), value % 256];
}

/** Seven bits a byte; all but the last have the high bit set. */
function base128(value: number): number[] {
  const higher = Math.floor(value / 128);
  return [...(higher === 0 ? [] : base128(higher).map((byte) => byte | 0x80)), value % 128];
}
