import { NAMESPACE } from "../../../api/core.js";
import {
  NETWORK_ATTACHMENT_DEFINITION,
  type NetworkAttachmentDefinition,
} from "../../../api/network-attachment-definition.js";
import type { KubeObject } from "../../../api/object.js";
import { SRIOV_NETWORK, type SriovNetwork } from "../../../api/sriov-network.js";
import type { SriovNetworkNodePolicy } from "../../../api/sriov-network-node-policy.js";
import { type Change, Informer } from "../../../kube/informer.js";
import { OptionalInformer } from "../../../kube/optional-informer.js";
import type { JobParts } from "../job.js";
import { policyNameOf } from "./decide.js";
import { type Place, placeOf, samePlace } from "./place.js";

/** What the cluster has of all that networks depend on, and which places a change of it concerns. */
export class NetworkWatches {
  readonly networks: Informer<SriovNetwork>;
  readonly attachments: OptionalInformer<NetworkAttachmentDefinition>;
  readonly namespaces: Informer<KubeObject>;
  readonly policies: Informer<SriovNetworkNodePolicy>;
  /** Whether the cluster had the kind of attachments when it was last asked. */
  private served: boolean | undefined;

  constructor(
    private readonly parts: Pick<JobParts, "client" | "watches">,
    private readonly controllerNamespace: string,
  ) {
    const { client, watches } = parts;
    this.networks = new Informer(client, SRIOV_NETWORK, watches.telling(SRIOV_NETWORK));
    this.namespaces = new Informer(client, NAMESPACE, { ...watches.telling(NAMESPACE), keep: nameAndEnd });
    const options = watches.telling(NETWORK_ATTACHMENT_DEFINITION);
    this.attachments = new OptionalInformer(client, NETWORK_ATTACHMENT_DEFINITION, watches.served, options);
    this.policies = watches.policies;
  }

  /** Resolves after the first lists; rejects by `stop`. Idempotent. */
  async start(): Promise<void> {
    const own = [this.networks, this.namespaces, this.attachments].map((informer) => informer.start().synced);
    await Promise.all([...own, this.policies.synced]);
  }

  /** Plurals of the kinds that could not be listed yet. */
  unknown(): string[] {
    const { networks, namespaces, attachments, policies } = this;
    const needed = { sriovnetworks: networks, namespaces, "network-attachment-definitions": attachments };
    return Object.entries({ ...needed, sriovnetworknodepolicies: policies }).flatMap(([plural, { hasSynced }]) =>
      hasSynced ? [] : [plural],
    );
  }

  /** An API server that does not tell which kinds it has is taken to have it, until it is asked for one. */
  servesAttachments(): boolean {
    return this.parts.watches.served.serves(NETWORK_ATTACHMENT_DEFINITION) !== false;
  }

  /** Asks whether the kind of attachments has come, where networks wait for it. */
  async lookForKind(): Promise<void> {
    if (!this.servesAttachments() && this.networks.list().length > 0) await this.attachments.look();
  }

  /** Where networks want their attachments, and where there are some. */
  places(): Place[] {
    return [...this.networks.list().map((network) => this.placeOf(network)), ...this.attachments.list().map(whereIs)];
  }

  /** The networks whose attachment belongs there and that are not about to go; the oldest comes first. */
  claimants(place: Place): SriovNetwork[] {
    const namespaces = new Set([place.namespace, this.controllerNamespace]);
    return [...namespaces]
      .map((namespace) => this.networks.get(place.name, namespace))
      .filter((network) => network !== undefined)
      .filter((network) => network.metadata.deletionTimestamp === undefined)
      .filter((network) => samePlace(this.placeOf(network), place))
      .sort((one, other) => age(one).localeCompare(age(other)));
  }

  /**
   * Calls `wake` with each place that something has changed for, until the returned function is called. Of networks for
   * which `ignore` holds it is silent.
   */
  onChange(wake: (place: Place) => void, ignore: (network: SriovNetwork) => boolean): () => void {
    const wakeWhere = (concerned: (network: SriovNetwork) => boolean): void => {
      for (const network of this.networks.list()) if (concerned(network)) wake(this.placeOf(network));
    };
    const unsubscribe = [
      this.networks.onChange((change) => {
        if (change.kind === "set" && ignore(change.object)) return;
        wake(this.placeOf(change.object));
        if (change.kind === "set" && change.previous) wake(this.placeOf(change.previous));
      }),
      this.attachments.onChange(({ object }) => wake(whereIs(object))),
      this.namespaces.onChange((change) => {
        if (!isNews(change, ({ metadata }) => metadata.deletionTimestamp)) return;
        wakeWhere((network) => this.placeOf(network).namespace === change.object.metadata.name);
      }),
      this.policies.onChange((change) => {
        if (change.object.metadata.namespace !== this.controllerNamespace) return;
        if (!isNews(change, ({ spec }) => spec.resourceName)) return;
        wakeWhere((network) => policyNameOf(network) === change.object.metadata.name);
      }),
      this.parts.watches.served.onAnswer(() => {
        if (this.served !== this.servesAttachments()) wakeWhere(() => true);
        this.served = this.servesAttachments();
      }),
    ];
    return () => unsubscribe.forEach((end) => end());
  }

  async stop(): Promise<void> {
    await Promise.all([this.networks, this.namespaces, this.attachments].map((informer) => informer.stop()));
  }

  private placeOf(network: SriovNetwork): Place {
    return placeOf(network, this.controllerNamespace);
  }
}

/** All that matters of a namespace: whether it is there, and whether it is about to go. */
function nameAndEnd({ metadata }: KubeObject): KubeObject {
  const { name, uid, resourceVersion, deletionTimestamp } = metadata;
  return {
    metadata: {
      name,
      ...(uid !== undefined && { uid }),
      ...(resourceVersion !== undefined && { resourceVersion }),
      ...(deletionTimestamp !== undefined && { deletionTimestamp }),
    },
  };
}

function whereIs({ metadata: { namespace = "", name } }: NetworkAttachmentDefinition): Place {
  return { namespace, name };
}

/** RFC 3339 in whole seconds, so that it sorts as text; of two in one second the one in the place's namespace stays first. */
function age({ metadata }: SriovNetwork): string {
  return metadata.creationTimestamp ?? "";
}

/** Has it come or gone, or what was asked of it changed? */
function isNews<T extends KubeObject>(change: Change<T>, of: (object: T) => string | undefined): boolean {
  return change.kind === "gone" || change.previous === undefined || of(change.object) !== of(change.previous);
}
