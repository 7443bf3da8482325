import { VERSION } from "../api/version.js";

/**
 * What a simulated node runs as an image: the reconciler as it was built here, or a command line that a pod's arguments are
 * added to.
 */
export type LabImage = "reconciler" | readonly string[];

/** By name with tag, as pods name them. A pod of any other image waits for it in vain. */
export type LabImages = Readonly<Record<string, LabImage>>;

/** The reconciler's image in the lab, without tag. Nothing can be pulled from there. */
export const RECONCILER_REPOSITORY = "lab.pulumi-sriov/reconciler";

/** That of this version. */
export const RECONCILER_IMAGE = `${RECONCILER_REPOSITORY}:${VERSION}`;

/** Something that runs until it is ended, for pods that are there to use a VF. */
export const GUEST_IMAGE = "lab.pulumi-sriov/guest:1";

/** What every simulated node has that runs pods. */
export const LAB_IMAGES: LabImages = { [RECONCILER_IMAGE]: "reconciler", [GUEST_IMAGE]: ["sleep", "2147483647"] };
