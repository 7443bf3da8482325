import { expect } from "chai";
import {
  type Checked,
  Cluster,
  type Created,
  type NetworkInputs,
  type NetworkOutputs,
  type PartialNetworkInputs,
  sriovNetwork,
} from "../../../../provider/index.js";
import { Told } from "../operations.js";

let urns = 0;

/** Drives the provider's SriovNetwork as Pulumi would for one program, and keeps what it tells people. */
export class NetworkDriver {
  private readonly told: Told;

  private constructor(readonly cluster: Cluster) {
    this.told = new Told(cluster);
  }

  static open(kubeconfig: string): NetworkDriver {
    return new NetworkDriver(Cluster.open({ kubeconfig }));
  }

  close(): Promise<void> {
    return this.cluster.close();
  }

  /** Since the last check. */
  get warnings(): readonly string[] {
    return this.told.warned;
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
    this.told.warned.length = 0;
    return sriovNetwork.check(() => this.told.operation(), olds, news, unknown);
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
    return sriovNetwork.create(this.told.operation(ms), inputs);
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
    return { id, outputs: await sriovNetwork.update(this.told.operation(ms), id, outputs, inputs) };
  }

  read({
    id,
    outputs,
  }: {
    readonly id: string;
    readonly outputs: Partial<NetworkOutputs>;
  }): Promise<NetworkOutputs | undefined> {
    return sriovNetwork.read(this.told.operation(), id, outputs);
  }

  delete({ id, outputs }: Created<NetworkOutputs>, ms?: number): Promise<void> {
    return sriovNetwork.delete(this.told.operation(ms), id, outputs);
  }
}

/** `<namespace>/<name>` as its parts. */
export function placeIn(outputs: NetworkOutputs): readonly [string, string] {
  const [namespace = "", name = ""] = outputs.networkAttachmentDefinition.split("/");
  return [namespace, name];
}
