import { expect } from "chai";
import type { Impact } from "../../../plan/impact/impact.js";
import { type Checked, Cluster, type Created, type Resource, type SharedInputs } from "../../../provider/index.js";
import type { Beside } from "../../../provider/core/resource.js";
import { Told } from "./operations.js";

let urns = 0;

/** Drives one kind of resource as Pulumi would for one run of a program, and keeps what it tells people. */
export class ResourceDriver<Inputs extends SharedInputs, Outputs extends Inputs> {
  readonly told: Told;

  constructor(
    readonly cluster: Cluster,
    private readonly resource: Resource<Inputs, Outputs>,
  ) {
    this.told = new Told(cluster);
  }

  close(): Promise<void> {
    return this.cluster.close();
  }

  /** Since the last check. */
  get warnings(): readonly string[] {
    return this.told.warned;
  }

  /** The URN of a resource of that name, in a stack of its own unless another is given. */
  urn(type: string, name: string, stack = `stack${++urns}`): string {
    return `urn:pulumi:${stack}::test::pulumi-nodejs:dynamic/sriov:${type}::${name}`;
  }

  check(
    news: Partial<Inputs>,
    olds: Partial<Inputs> = {},
    unknown: ReadonlySet<string> = new Set(),
  ): Promise<Checked<Inputs>> {
    this.told.warned.length = 0;
    return this.resource.check(() => this.told.operation(), olds, news, unknown);
  }

  /** Of inputs that check finds nothing wrong with. */
  async checked(news: Partial<Inputs>, olds: Partial<Inputs> = {}): Promise<Inputs> {
    const { inputs, failures } = await this.check(news, olds);
    expect(failures).to.deep.equal([]);
    return inputs as Inputs;
  }

  async create(news: Partial<Inputs>, ms?: number): Promise<Created<Outputs>> {
    return this.createChecked(await this.checked(news), ms);
  }

  createChecked(inputs: Inputs, ms?: number): Promise<Created<Outputs>> {
    return this.resource.create(this.told.operation(ms), inputs);
  }

  async update({ id, outputs }: Created<Outputs>, news: Partial<Inputs>, ms?: number): Promise<Created<Outputs>> {
    const inputs = await this.checked({ resourceUrn: outputs.resourceUrn, ...news }, outputs);
    return { id, outputs: await this.resource.update(this.told.operation(ms), id, outputs, inputs) };
  }

  read({ id, outputs }: { readonly id: string; readonly outputs: Partial<Outputs> }): Promise<Outputs | undefined> {
    return this.resource.read(this.told.operation(), id, outputs);
  }

  delete({ id, outputs }: Created<Outputs>, ms?: number): Promise<void> {
    return this.resource.delete(this.told.operation(ms), id, outputs);
  }

  foreseeDelete(
    { id, outputs }: { readonly id: string; readonly outputs: Partial<Outputs> },
    beside: Beside<Inputs> = {},
  ): Promise<readonly Impact[]> {
    return this.resource.foreseeDelete(this.told.operation(), id, outputs, beside);
  }
}
