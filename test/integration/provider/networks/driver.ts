import { expect } from "chai";
import {
  type Checked,
  Cluster,
  type Created,
  type NetworkInputs,
  type NetworkOutputs,
  type Operation,
  type PartialNetworkInputs,
  sriovNetwork,
} from "../../../../provider/index.js";

let urns = 0;

/** Drives the provider's SriovNetwork as Pulumi would for one program, and keeps what it tells people. */
export class NetworkDriver {
  readonly warnings: string[] = [];
  readonly statuses: string[] = [];

  private constructor(readonly cluster: Cluster) {}

  static open(kubeconfig: string): NetworkDriver {
    return new NetworkDriver(Cluster.open({ kubeconfig }));
  }

  close(): Promise<void> {
    return this.cluster.close();
  }

  operation(ms = 45_000): Operation {
    const log = {
      inform: () => undefined,
      warn: (message: string) => void this.warnings.push(message),
      status: (message: string) => void this.statuses.push(message),
    };
    return { cluster: this.cluster, log, deadline: Date.now() + ms };
  }

  /** What a program gives for a resource of that name in a stack of its own. */
  inputs(resource: string, more: PartialNetworkInputs = {}): PartialNetworkInputs {
    const resourceUrn = `urn:pulumi:stack${++urns}::test::pulumi-nodejs:dynamic/sriov:SriovNetwork::${resource}`;
    return { resourceUrn, requireCapableNode: false, ...more };
  }

  check(
    news: PartialNetworkInputs,
    olds: PartialNetworkInputs = {},
    unknown: ReadonlySet<string> = new Set(),
  ): Promise<Checked<NetworkInputs>> {
    this.warnings.length = 0;
    return sriovNetwork.check(() => this.operation(), olds, news, unknown);
  }

  /** Of inputs that check finds nothing wrong with. */
  async checked(news: PartialNetworkInputs, olds: PartialNetworkInputs = {}): Promise<NetworkInputs> {
    const { inputs, failures } = await this.check(news, olds);
    expect(failures).to.deep.equal([]);
    return inputs as NetworkInputs;
  }

  async create(news: PartialNetworkInputs, ms?: number): Promise<Created<NetworkOutputs>> {
    return this.createChecked(await this.checked(news), ms);
  }

  createChecked(inputs: NetworkInputs, ms?: number): Promise<Created<NetworkOutputs>> {
    return sriovNetwork.create(this.operation(ms), inputs);
  }

  async update(
    { id, outputs }: Created<NetworkOutputs>,
    news: PartialNetworkInputs,
    ms?: number,
  ): Promise<Created<NetworkOutputs>> {
    const inputs = await this.checked(
      { resourceUrn: outputs.resourceUrn, requireCapableNode: false, ...news },
      outputs,
    );
    return { id, outputs: await sriovNetwork.update(this.operation(ms), id, outputs, inputs) };
  }

  read({
    id,
    outputs,
  }: {
    readonly id: string;
    readonly outputs: Partial<NetworkOutputs>;
  }): Promise<NetworkOutputs | undefined> {
    return sriovNetwork.read(this.operation(), id, outputs);
  }

  delete({ id, outputs }: Created<NetworkOutputs>, ms?: number): Promise<void> {
    return sriovNetwork.delete(this.operation(ms), id, outputs);
  }
}

/** `<namespace>/<name>` as its parts. */
export function placeIn(outputs: NetworkOutputs): readonly [string, string] {
  const [namespace = "", name = ""] = outputs.networkAttachmentDefinition.split("/");
  return [namespace, name];
}
