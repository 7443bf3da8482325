import { isDeepStrictEqual } from "node:util";
import type { Difference } from "../resource.js";
import type { PartialDeviceInputs } from "./device-inputs.js";
import type { DeviceOutputs } from "./device-outputs.js";

/** Pure. `olds` is the state, `news` what check made of the program's inputs. */
export function diffDevice(
  olds: Partial<DeviceOutputs>,
  news: PartialDeviceInputs,
  unknown: ReadonlySet<string>,
): Difference {
  const differs = (name: keyof PartialDeviceInputs): boolean => unknown.has(name) || olds[name] !== news[name];
  const replaces: string[] = [];
  if (differs("nodeName")) replaces.push("nodeName");
  // Without an address the NIC is not discovered yet; only another name for it then tells that it is another.
  if (news.address !== undefined || unknown.has("address")) {
    if (differs("address")) replaces.push("address");
  } else if (differs("interfaceName")) replaces.push("interfaceName");
  const changed = settingsDiffer(olds, news, unknown);
  const isShort = olds.vfAddresses !== undefined && olds.vfAddresses.length !== olds.numVfs;
  // Where others own the same number, the resource owns it again beside them.
  const unfinished = isShort || olds.taken !== undefined;
  return { changed: changed || replaces.length > 0, unfinished, replaces };
}

/** Pure: whether anything differs but which NIC it is. */
export function settingsDiffer(
  olds: PartialDeviceInputs,
  news: PartialDeviceInputs,
  unknown: ReadonlySet<string>,
): boolean {
  const settings = ["numVfs", "onVfsInUse", "forceConflicts", "kubeconfig", "context"] as const;
  return (
    settings.some((name) => unknown.has(name) || olds[name] !== news[name]) ||
    !isDeepStrictEqual(olds.timeouts ?? {}, news.timeouts ?? {})
  );
}
