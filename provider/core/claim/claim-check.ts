import { PCI_DEVICE_CLAIM, type PciDeviceClaim } from "../../../api/pci-device-claim.js";
import { isKindMissing } from "../../../kube/errors.js";
import { checkOnCluster, clusterFailure } from "../cluster-check.js";
import { missingKind } from "../missing-kind.js";
import type { Checked, InputFailure, Operation } from "../resource.js";
import { deviceFailure, foreseenNames, nodeFailure, takenFailure, twinFailure } from "./claim-foresight.js";
import { type ClaimInputs, claimInputFailures, DEFAULT_USER, type PartialClaimInputs } from "./claim-inputs.js";
import { wasEnabled } from "./claim-verdict.js";
import { replacedFailure } from "./replaced-claim.js";
import { type ClaimedDevice, claimedDevice } from "./claimed-device.js";

/** What is known of a claim before anything is changed. */

type ClaimCheck = Checked<ClaimInputs>;

/**
 * Looks at the inputs, and at the device where they say which: adds what is known of it, refuses what cannot be handed out,
 * and says which driver it would be taken from.
 *
 * @param olds the inputs as the last check left them; empty for a new resource.
 */
export async function checkClaim(
  operation: () => Operation,
  olds: PartialClaimInputs,
  news: PartialClaimInputs,
  unknown: ReadonlySet<string>,
): Promise<ClaimCheck> {
  const failures = claimInputFailures(news, unknown);
  const inputs = withSettings(news, unknown);
  const needed = ["pciDevice", "nodeName", "address", "kubeconfig", "context"];
  if (failures.length > 0 || needed.some((name) => unknown.has(name))) return { inputs, failures };
  try {
    const looking = operation();
    return await checkOnCluster<ClaimInputs>(looking, olds, inputs, (inputs) =>
      lookAround(looking, olds, inputs, unknown),
    );
  } catch (error) {
    return { inputs, failures: [clusterFailure(error)] };
  }
}

function withSettings(news: PartialClaimInputs, unknown: ReadonlySet<string>): PartialClaimInputs {
  const { userName, resourceName } = news;
  return {
    ...news,
    ...(userName === undefined && !unknown.has("userName") && { userName: DEFAULT_USER }),
    ...(resourceName !== undefined && { givenResourceName: resourceName }),
  };
}

async function lookAround(
  operation: Operation,
  olds: PartialClaimInputs,
  news: PartialClaimInputs,
  unknown: ReadonlySet<string>,
): Promise<ClaimCheck> {
  if ((await operation.cluster.deviceDialect()) === "operator")
    return { inputs: news, failures: [{ property: "", reason: NO_CLAIMS }] };
  const device = await claimedDevice(operation, news);
  if (device === undefined) {
    operation.log.warn(`there is no PCIDevice "${news.pciDevice ?? ""}": up fails unless something makes it first.`);
    return { inputs: news, failures: [] };
  }
  const { name, nodeName, address } = device;
  const inputs = { ...news, claimName: name, pciDevice: name, nodeName, address };
  // What the claim has taken the device from, or offers it under, is known from before.
  const isOurs = olds.claimName === name;
  // The engine has a replacement checked again, as a new resource; what is left to tell here is what goes for it.
  if (olds.claimName !== undefined && !isOurs) {
    const failure = await replacedFailure(operation, olds, news);
    return { inputs, failures: failure === undefined ? [] : [asGiven(failure, news)] };
  }
  const { live, failure } = await firstFailure(operation, device, inputs, isOurs);
  const foreseen = foreseenNames(device, news, unknown);
  const names = isOurs ? foreseenBefore(olds, news, foreseen) : { ...foreseen, ...takenBy(live) };
  return { inputs: { ...inputs, ...names }, failures: failure === undefined ? [] : [asGiven(failure, news)] };
}

const NO_CLAIMS =
  "the sriov-network-operator looks after this cluster's NICs, and knows no claims of PCI devices: nobody would carry one out. " +
  'There, a SriovNetworkNodePolicy with deviceType: "vfio-pci" offers VFs to virtual machines, which ask for its resourceName.';

interface ClaimSightBefore {
  /** A claim of the device that a new resource joins, or takes over: one that an interrupted up has left, say. */
  readonly live?: PciDeviceClaim | undefined;
  readonly failure?: InputFailure | undefined;
}

/** Of a claim that is carried out, the other rules have been seen to, and the device is the claim's own. */
async function firstFailure(
  operation: Operation,
  device: ClaimedDevice,
  inputs: PartialClaimInputs,
  isOurs: boolean,
): Promise<ClaimSightBefore> {
  const twin = twinFailure(operation, device, inputs);
  if (twin !== undefined || isOurs) return { failure: twin };
  try {
    const live = (await operation.cluster.objects(PCI_DEVICE_CLAIM)).get(device.name);
    const failure =
      (live && (await takenFailure(operation, live, device, inputs))) ??
      (await nodeFailure(operation, device)) ??
      (live && wasEnabled(live) ? undefined : await deviceFailure(operation, device));
    return { live, failure };
  } catch (error) {
    if (!isKindMissing(error)) throw error;
    const advice = "up fails unless something that it installs first, such as the reconciler, brings it.";
    operation.log.warn(`${missingKind(PCI_DEVICE_CLAIM)} ${advice}`);
    return {};
  }
}

/** Once it is carried out, the claim alone knows which driver the device had. */
function takenBy(claim: PciDeviceClaim | undefined): PartialClaimInputs {
  const kernelDriverToUnbind = claim && wasEnabled(claim) ? claim.status?.kernelDriverToUnbind : undefined;
  return kernelDriverToUnbind === undefined ? {} : { kernelDriverToUnbind };
}

/** By the input that the program has given. */
function asGiven({ property, reason }: InputFailure, { pciDevice }: PartialClaimInputs): InputFailure {
  return { property: pciDevice === undefined ? property : "pciDevice", reason };
}

/** The device has lost its old driver to the claim, so that only the state tells it; the name to offer it under may be another now. */
function foreseenBefore(
  olds: PartialClaimInputs,
  news: PartialClaimInputs,
  foreseen: PartialClaimInputs,
): PartialClaimInputs {
  const { kernelDriverToUnbind } = olds;
  const sameName =
    olds.givenResourceName === news.givenResourceName && olds.disableResourcePooling === news.disableResourcePooling;
  const { resourceName } = sameName ? olds : foreseen;
  return {
    ...(kernelDriverToUnbind !== undefined && { kernelDriverToUnbind }),
    ...(resourceName !== undefined && { resourceName }),
  };
}
