/**
 * The fields of a protobuf message that have bytes as their value (texts and messages), by field number, in order.
 * Numbers are passed over.
 *
 * @throws {RangeError} The bytes are no protobuf message, or end in the middle of one.
 */
export function bytesFields(message: Buffer): ReadonlyMap<number, readonly Buffer[]> {
  const fields = new Map<number, Buffer[]>();
  let position = 0;
  const varint = (): number => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = message.readUInt8(position++);
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  };
  const take = (length: number): Buffer => {
    if (position + length > message.length) throw new RangeError("a protobuf message ends in the middle of a field");
    return message.subarray(position, (position += length));
  };
  const add = (number: number, bytes: Buffer): void => {
    const known = fields.get(number);
    if (known === undefined) fields.set(number, [bytes]);
    else known.push(bytes);
  };
  while (position < message.length) {
    const tag = varint();
    const number = Math.floor(tag / 8);
    switch (tag % 8) {
      case WIRE_TYPE.varint:
        varint();
        break;
      case WIRE_TYPE.eightBytes:
        take(8);
        break;
      case WIRE_TYPE.bytes:
        add(number, take(varint()));
        break;
      case WIRE_TYPE.fourBytes:
        take(4);
        break;
      default:
        throw new RangeError(`a protobuf message has a field of wire type ${tag % 8}, which there is not`);
    }
  }
  return fields;
}

const WIRE_TYPE = { varint: 0, eightBytes: 1, bytes: 2, fourBytes: 5 } as const;
